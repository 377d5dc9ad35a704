import { inspect } from '@memlane/inspect'
import {
  type AnyCodec,
  type Board,
  board,
  type Members,
  type PayloadDescriptor,
  type SchemaDescriptor,
} from '@memlane/protocol'
import { codecFromDescriptor, encodeDescriptor } from '@memlane/protocol/internal'
import { CommandError } from './exit-code.js'
import '@memlane/protocol/messagepack'

/** What the memory of a name holds, with the schema that this memory itself describes. */
export type MemorySchema =
  | { readonly shape: 'stream' | 'queue'; readonly codec: AnyCodec }
  | { readonly shape: 'latest'; readonly keys: readonly string[]; readonly schema: AnyCodec | Board<Members> }
  | { readonly shape: 'call'; readonly api: SchemaDescriptor & { readonly kind: 'api' } }

/**
 * Learns the schema of a channel from its memory. Takes no place in it, and writes nothing.
 *
 * @throws SharedMemoryError as `inspect`; CommandError `NOT_A_CHANNEL` for memory that describes no messages; `CORRUPT`
 */
export function memorySchema(name: string): MemorySchema {
  const found = inspect(name, { processes: false })
  if (!('schema' in found)) {
    throw new CommandError('NOT_A_CHANNEL', `"${name}" is memory that describes no messages. It is no channel.`)
  }
  const { shape, schema } = found
  if (schema === undefined) throw new CommandError('CORRUPT', found.findings[0]?.message ?? 'Its schema is wrong.')
  const { descriptor } = schema
  if (shape === 'call') return { shape, api: descriptor as SchemaDescriptor & { readonly kind: 'api' } }
  if (shape !== 'latest') return { shape, codec: codecOf(descriptor as PayloadDescriptor) }
  if (descriptor.kind !== 'board') {
    return { shape, keys: ['value'], schema: codecOf(descriptor as PayloadDescriptor) }
  }
  const codecs = descriptor.members.map(({ name, payload }) => [name, codecOf(payload)] as const)
  return { shape, keys: codecs.map(([key]) => key), schema: board(Object.fromEntries(codecs)) }
}

/** Makes the codec of a descriptor. */
export function codecOf(descriptor: PayloadDescriptor): AnyCodec {
  return codecFromDescriptor(encodeDescriptor(descriptor), 0)
}
