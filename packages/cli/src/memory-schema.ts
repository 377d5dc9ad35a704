import { type AnyChannel, Channel } from '@memlane/channel'
import { SharedMemory } from '@memlane/core'
import { type AnyCodec, type Board, board, type Members, type PayloadDescriptor } from '@memlane/protocol'
import {
  type ApiDescriptor,
  callShape,
  channelShapeIn,
  codecFromDescriptor,
  encodeDescriptor,
  keysIn,
  latestShape,
  ONLY_KEY,
  proceduresIn,
  queueShape,
  streamShape,
} from '@memlane/protocol/internal'
import { CommandError } from './exit-code.js'
import '@memlane/protocol/messagepack'

/** What the memory of a name holds, with the schema that this memory itself describes. */
export type MemorySchema =
  | { readonly shape: 'stream' | 'queue'; readonly codec: AnyCodec }
  | { readonly shape: 'latest'; readonly keys: readonly string[]; readonly schema: AnyCodec | Board<Members> }
  | { readonly shape: 'call'; readonly api: ApiDescriptor }

/**
 * Learns the schema of a channel from its memory. Takes no place in it, and writes nothing.
 *
 * @throws SharedMemoryError as `SharedMemory.open`, and `CORRUPT`; CommandError `NOT_A_CHANNEL` for memory that describes no messages
 */
export function memorySchema(name: string): MemorySchema {
  const shape = shapeOf(name)
  switch (shape) {
    case 'stream':
    case 'queue': {
      const codec = descriptorIn(shape === 'stream' ? streamShape : queueShape, name, codecFromDescriptor)
      return { shape, codec }
    }
    case 'latest': {
      const { members } = descriptorIn(latestShape, name, keysIn)
      const codecs = members.map(({ name, payload }) => [name, codecOf(payload)] as const)
      const [first] = codecs
      const schema = first?.[0] === ONLY_KEY && codecs.length === 1 ? first[1] : board(Object.fromEntries(codecs))
      return { shape, keys: members.map(({ name }) => name), schema }
    }
    case 'call':
      return { shape, api: descriptorIn(callShape, name, proceduresIn) }
    default:
      throw new CommandError('NOT_A_CHANNEL', `"${name}" is memory that describes no messages. It is no channel.`)
  }
}

/** Makes the codec of a descriptor that was checked already. */
export function codecOf(descriptor: PayloadDescriptor): AnyCodec {
  return codecFromDescriptor(encodeDescriptor(descriptor), 0)
}

function shapeOf(name: string): string | undefined {
  using memory = SharedMemory.open(name, { access: 'read' })
  return memory.mapped ? channelShapeIn(memory.buffer, memory.objectLength) : undefined
}

function descriptorIn<T>(
  shape: Parameters<typeof Channel.open>[0] | AnyChannel['shape'],
  name: string,
  decode: (encoded: Uint8Array, offset: number) => T,
): T {
  using channel: AnyChannel = Channel.open(shape as AnyChannel['shape'], name, undefined, { access: 'read' })
  const { schemaOffset, schemaLength } = channel.header
  try {
    return decode(new Uint8Array(channel.memory.buffer, schemaOffset, schemaLength).slice(), schemaOffset)
  } catch (error) {
    throw channel.explain(error)
  }
}
