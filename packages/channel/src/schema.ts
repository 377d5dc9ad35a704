import type { SharedMemory } from '@memlane/core'
import type { SchemaDescriptor } from '@memlane/protocol'
import {
  type ChannelHeader,
  encodeDescriptor,
  hashDescriptor,
  isSameDescriptor,
  type Shape,
} from '@memlane/protocol/internal'
import { channelError } from './channel-error.js'
import { schemaMismatch } from './schema-mismatch.js'

type NamedShape = Pick<Shape<object, unknown>, 'name'>

/**
 * Compares the schema of a channel with the one of a writer. They must be the same.
 *
 * @throws SharedMemoryError `SCHEMA_MISMATCH`; `CORRUPT` if the header's hash is not that of the schema
 */
export function checkSchema(
  shape: NamedShape,
  memory: SharedMemory,
  header: ChannelHeader,
  { descriptor }: { readonly descriptor: SchemaDescriptor },
): void {
  const expected = encodeDescriptor(descriptor)
  const found = schemaIn(memory, header)
  if (isSameDescriptor(found, expected)) {
    checkHash(shape, memory, header, found)
    return
  }
  const [there, here] = [found, expected].map((bytes) => new TextDecoder().decode(bytes)) as [string, string]
  const remedy =
    `A writer needs exactly the schema of the ${shape.name}: a ${shape.name} keeps its schema as long as it lives. ` +
    'Close all of its participants and create it again, or choose another name.'
  const message = `it carries messages of another schema: ${schemaMismatch(there, here)}\n${remedy}`
  throw channelError(shape, 'SCHEMA_MISMATCH', memory.name, message)
}

/** Returns a copy: a peer might change the bytes while they are decoded. */
export function schemaIn(memory: SharedMemory, { schemaOffset, schemaLength }: ChannelHeader): Uint8Array {
  return new Uint8Array(memory.buffer, schemaOffset, schemaLength).slice()
}

/** @throws SharedMemoryError `CORRUPT` if the header's hash is not that of the schema */
export function checkHash(
  shape: NamedShape,
  memory: SharedMemory,
  { schemaHash }: ChannelHeader,
  found: Uint8Array,
): void {
  if (hashDescriptor(found) === schemaHash) return
  throw channelError(
    shape,
    'CORRUPT',
    memory.name,
    'the schemaHash of its header (offset 72) is not that of its schema.',
  )
}
