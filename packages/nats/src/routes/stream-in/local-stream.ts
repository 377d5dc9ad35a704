import {
  Channel,
  checkSameOptions,
  claimSlot,
  createOrContinue,
  createStreamChannel,
  openLane,
  type StreamChannel,
  type StreamOptions,
  schemaIn,
  streamChecks,
} from '@memlane/channel'
import { SharedMemoryError } from '@memlane/core'
import { rawCodec } from '@memlane/inspect/internal'
import { StreamWriter } from '@memlane/producer'
import type { Codec, PayloadDescriptor } from '@memlane/protocol'
import { codecFromDescriptor, codecOf, LaneReader, streamShape } from '@memlane/protocol/internal'

/** Where a lane stands: tells later how far a batch came. */
export interface LaneMark {
  readonly instance: string
  readonly lane: number
  /** How often producers have joined the stream. */
  readonly openings: number
  /** How many messages the lane has carried; wraps at 2^32. */
  readonly sent: number
  /** A position in the lane at or before its end, in wrapping bytes. */
  readonly position: number
}

/** A stream of this machine into which the bridge writes, in a lane of its own. */
export class LocalStream {
  readonly name: string
  readonly descriptor: PayloadDescriptor
  readonly writer: StreamWriter<Codec<Uint8Array>>
  readonly #channel: StreamChannel

  /** @param lane the lane to take if it is free */
  constructor(channel: StreamChannel, lane: number | undefined) {
    const codec = codecFromDescriptor(schemaIn(channel.memory, channel.header), channel.header.schemaOffset)
    this.name = channel.name
    this.descriptor = codec.descriptor
    this.#channel = channel
    this.writer = new StreamWriter(channel, codecOf(rawCodec(codec)), claimLane(channel, lane))
  }

  /**
   * Opens a stream, or creates it.
   *
   * @param schema the encoded descriptor of a new stream; undefined: nothing is created
   * @param lane the lane to take if it is free
   * @throws SharedMemoryError as `createStream`; `NOT_FOUND` without a schema
   */
  static open(name: string, schema: Uint8Array | undefined, options: StreamOptions, lane?: number): LocalStream {
    const proceed = () => {
      const channel = Channel.open(streamShape, name, undefined)
      return streamOver(channel, lane, () => {
        checkSameOptions(channel, options, streamChecks, 'close all of its producers and consumers')
      })
    }
    if (schema === undefined) return proceed()
    const create = () => streamOver(createStreamChannel(name, codecFromDescriptor(schema, 0), options), lane)
    return createOrContinue(streamShape, name, { refuses: false, others: 'producers' }, create, proceed)
  }

  get mark(): LaneMark {
    const { header, control } = this.#channel
    const instance = Buffer.from(header.instance).toString('hex')
    const { lane, sent } = this.writer
    return { instance, lane, openings: control.openings, sent, position: control.recentEndOf(lane) }
  }

  /**
   * Tells how many messages of a batch the lane got before the bridge was killed. Call it before anything is sent.
   *
   * @param before the mark of that time
   * @param most how many messages the batch had
   * @returns a number; or the messages that came into the lane since, as far as it holds them, if another producer may have sent them
   */
  sentSince(before: LaneMark, most: number): number | readonly Uint8Array[] {
    const { instance, lane, openings, sent } = this.mark
    if (instance !== before.instance) return 0
    if (lane === before.lane && openings === ((before.openings + 1) | 0)) return (sent - before.sent) >>> 0
    return this.#messagesFrom(before, most)
  }

  close(): void {
    this.writer.close()
  }

  /** Walks the records as they lie there, also those that all consumers have taken: their numbers tell whether they are still the same. */
  #messagesFrom({ lane, sent, position }: LaneMark, most: number): Uint8Array[] {
    const { control, header } = this.#channel
    const { buffer } = openLane(this.#channel, lane, 'read')
    const reader = new LaneReader(buffer, 0, header.capacity, position, control.inOrder)
    const found: Uint8Array[] = []
    while (found.length < most && ((reader.position - position) | 0) < header.capacity) {
      let offset: number
      try {
        offset = reader.next()
      } catch {
        break // it was overwritten
      }
      const index = (reader.sequence - sent) | 0
      if (offset === -1 || index > found.length) break
      if (index === found.length) found.push(new Uint8Array(buffer, offset, reader.length).slice())
    }
    return found
  }
}

function streamOver(channel: StreamChannel, lane: number | undefined, check = () => {}): LocalStream {
  try {
    check()
    return new LocalStream(channel, lane)
  } catch (error) {
    channel.close()
    throw error
  }
}

/** Takes the lane that the bridge had before, or else prefers one whose producer died. */
function claimLane(channel: StreamChannel, lane: number | undefined): number {
  const { control } = channel
  if (lane !== undefined && lane < control.producers.count) {
    try {
      return claimSlot(channel, control.producers, { only: lane }).slot
    } catch (error) {
      if (!(error instanceof SharedMemoryError && error.code === 'FULL')) throw error
    }
  }
  return claimSlot(channel, control.producers, { prefers: (slot) => control.stateOf(slot) === 'open' }).slot
}
