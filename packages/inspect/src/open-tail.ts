import '@memlane/protocol/messagepack'
import { readerCodec, readerKeys } from '@memlane/channel'
import { SharedMemoryError } from '@memlane/core'
import { checkOneOf, checkOptions, checkWholeNumber, type OptionChecks, openChecks } from '@memlane/core/internal'
import { proceduresIn } from '@memlane/protocol/internal'
import { CallSource } from './call-source.js'
import { ChannelTail } from './channel-tail.js'
import { foundSchema } from './found-schema.js'
import { LatestSource } from './latest-source.js'
import { type OpenedChannel, openChannel } from './open-channel.js'
import { QueueSource } from './queue-source.js'
import { StreamSource } from './stream-source.js'
import type { Tail, TailOptions } from './tail.js'
import type { TailSource } from './tail-source.js'

const tailChecks: OptionChecks<TailOptions> = {
  from: checkOneOf('now', 'newest', 'oldest'),
  trustOwner: openChecks.trustOwner,
  intervalMs: checkWholeNumber(0, 60_000, 'milliseconds'),
}

/**
 * Opens an observer of a stream, a latest, a queue or calls. Does not wait for the memory to appear, and does not block otherwise.
 *
 * @throws SharedMemoryError `NOT_FOUND`, `INVALID_NAME`, `ACCESS_DENIED`, `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT`, `NOT_READY`,
 * `NOT_SUPPORTED`, `SYSTEM`
 * @throws TypeError if an option is unknown or has the wrong type
 */
export function openTail(name: string, options: TailOptions = {}): Tail {
  checkOptions('openTail', options, tailChecks)
  const { from = 'now', trustOwner = false, intervalMs = 2 } = options
  const opened = openChannel(name, { trustOwner })
  if (opened === undefined) {
    const message = `"${name}" holds no stream, latest, queue or calls. Only these can be observed; read a region with openRegion.`
    throw new SharedMemoryError('NOT_A_CHANNEL', message)
  }
  const { channel, shape } = opened
  try {
    const schema = foundSchema(channel)
    return new ChannelTail(shape, channel, schema, sourceOf(opened, schema.bytes, from), intervalMs)
  } catch (error) {
    channel.close()
    throw channel.explain(error)
  }
}

function sourceOf(
  { shape, channel }: OpenedChannel,
  found: Uint8Array,
  from: NonNullable<TailOptions['from']>,
): TailSource {
  switch (shape) {
    case 'stream':
      return new StreamSource(channel, readerCodec(channel, undefined), from)
    case 'latest':
      return new LatestSource(channel, readerKeys(channel, undefined), from)
    case 'queue':
      return new QueueSource(channel, readerCodec(channel, undefined), from)
    case 'call':
      return new CallSource(channel, proceduresIn(found, channel.header.schemaOffset))
  }
}
