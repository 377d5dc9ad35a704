import type { SharedMemory } from '@memlane/core'
import type { AnyCodec } from '@memlane/protocol'
import { type ChannelHeader, encodeDescriptor, hashDescriptor, type Shape } from '@memlane/protocol/internal'
import { channelError } from './channel-error.js'
import { schemaMismatch } from './schema-mismatch.js'

/**
 * Compares the schema of a channel with the one that a participant expects.
 *
 * @throws SharedMemoryError `SCHEMA_MISMATCH`; `CORRUPT` if the header's hash is not that of the schema
 */
export function checkSchema(
  shape: Pick<Shape<object, unknown>, 'name'>,
  memory: SharedMemory,
  header: ChannelHeader,
  codec: AnyCodec,
): void {
  const expected = encodeDescriptor(codec.descriptor)
  // A copy: a peer might change the bytes while they are decoded.
  const found = new Uint8Array(memory.buffer, header.schemaOffset, header.schemaLength).slice()
  if (expected.length === found.length && expected.every((byte, index) => byte === found[index])) {
    if (hashDescriptor(expected) === header.schemaHash) return
    throw channelError(shape, 'CORRUPT', memory.name, 'the schemaHash of its header is not that of its schema.')
  }
  const [there, here] = [found, expected].map((bytes) => new TextDecoder().decode(bytes)) as [string, string]
  const message = `it carries messages of another schema: ${schemaMismatch(there, here)}`
  throw channelError(shape, 'SCHEMA_MISMATCH', memory.name, message)
}
