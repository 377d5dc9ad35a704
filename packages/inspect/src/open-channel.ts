import { type CallChannel, Channel, type LatestChannel, type QueueChannel, type StreamChannel } from '@memlane/channel'
import { type OpenOptions, SharedMemory, SharedMemoryError } from '@memlane/core'
import {
  CHANNEL_HEADER_LENGTH,
  callShape,
  channelShapeIn,
  latestShape,
  queueShape,
  streamShape,
} from '@memlane/protocol/internal'

/** A channel that was opened for reading, with the name of its shape. */
export type OpenedChannel =
  | { readonly shape: 'stream'; readonly channel: StreamChannel }
  | { readonly shape: 'latest'; readonly channel: LatestChannel }
  | { readonly shape: 'queue'; readonly channel: QueueChannel }
  | { readonly shape: 'call'; readonly channel: CallChannel }

export type OpenForReading = Pick<OpenOptions, 'trustOwner'>

/**
 * Opens a channel of any shape for reading.
 *
 * @returns undefined if the memory holds no channel
 * @throws SharedMemoryError as `SharedMemory.open`; `VERSION_MISMATCH`, `CORRUPT`, `NOT_SUPPORTED`
 */
export function openChannel(name: string, { trustOwner = false }: OpenForReading): OpenedChannel | undefined {
  const shape = shapeOf(name, trustOwner)
  const options = { access: 'read', trustOwner } as const
  switch (shape) {
    case undefined:
      return undefined
    case 'stream':
      return { shape, channel: Channel.open(streamShape, name, undefined, options) }
    case 'latest':
      return { shape, channel: Channel.open(latestShape, name, undefined, options) }
    case 'queue':
      return { shape, channel: Channel.open(queueShape, name, undefined, options) }
    case 'call':
      return { shape, channel: Channel.open(callShape, name, undefined, options) }
    default: {
      const message = `"${name}" is a channel of a shape that this version of memlane does not know. Use a newer version to look at it.`
      throw new SharedMemoryError('VERSION_MISMATCH', message)
    }
  }
}

/** Reads the first bytes only. In a heap that admits no foreign memory, they are copied. */
function shapeOf(name: string, trustOwner: NonNullable<OpenOptions['trustOwner']>): string | undefined {
  try {
    using start = SharedMemory.open(name, { access: 'read', trustOwner, view: { length: CHANNEL_HEADER_LENGTH } })
    const header = new Uint8Array(CHANNEL_HEADER_LENGTH)
    start.read(0, header)
    return channelShapeIn(header.buffer, start.objectLength)
  } catch (error) {
    if (error instanceof SharedMemoryError && error.code === 'TOO_SHORT') return undefined
    throw error
  }
}
