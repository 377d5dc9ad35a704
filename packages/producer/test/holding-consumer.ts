import { Channel, claimSlot, openLane, type StreamChannel } from '@memlane/channel'
import type { MessageOf, Schema } from '@memlane/protocol'
import { ConsumerSlot, codecOf, LaneReader, streamShape } from '@memlane/protocol/internal'

/** A consumer as the producers see it. It blocks them, and reads one lane when a test calls `read`. */
export class HoldingConsumer<S extends Schema> implements Disposable {
  readonly channel: StreamChannel
  readonly slot: ConsumerSlot
  readonly #schema: S
  readonly #readers: (LaneReader | undefined)[] = []

  constructor(name: string, schema: S) {
    this.#schema = schema
    this.channel = Channel.open(streamShape, name, codecOf(schema))
    const { control } = this.channel
    this.slot = new ConsumerSlot(control, claimSlot(this.channel, control.consumers).slot)
    this.slot.join()
    this.slot.announceReady()
  }

  /** Reads at most `count` messages of a lane, and releases their room. Does not ring the producers. */
  read(count = Infinity, producer = 0): MessageOf<S>[] {
    const { control, header } = this.channel
    this.#readers[producer] ??= new LaneReader(
      openLane(this.channel, producer, 'read').buffer,
      0,
      header.capacity,
      control.positionOf(this.slot.consumer, producer),
    )
    const reader = this.#readers[producer]
    const codec = codecOf(this.#schema)
    const messages: MessageOf<S>[] = []
    while (messages.length < count) {
      const offset = reader.next()
      if (offset === -1) break
      messages.push(codec.decode(reader.data, offset, reader.length))
    }
    this.slot.release(producer, reader.position)
    return messages
  }

  [Symbol.dispose](): void {
    this.slot.leave()
    this.channel.close()
  }
}
