import type { QueueChannel, SlotBells } from '@memlane/channel'
import type { SharedMemoryError } from '@memlane/core'
import type { CodecOf, MessageOf, PayloadView, ReadonlyMessageView, Schema } from '@memlane/protocol'
import { DEAD, loadAfterCopy, type QueueControl, type Return } from '@memlane/protocol/internal'

/** A message that a consumer holds. */
export interface Held {
  /** The index of its slot's word. */
  readonly index: number
  /** What the take stored there. */
  readonly taken: number
  /** Why the message became a dead letter, if it is one. */
  readonly reason?: string
  /** Called when the consumer loses the message without its own doing. */
  lose(): void
}

/** Told of each message that became a dead letter through this consumer. */
export type OnDead = (index: number, taken: number, reason: string) => void

/**
 * The messages that a consumer holds, and how they leave it. It knows each by its slot: if a slot is taken again, an older holder has
 * lost it, even if the slot's word looks the same after 2^24 takes.
 */
export class TakenMessages<S extends Schema> {
  readonly channel: QueueChannel
  readonly control: QueueControl
  readonly codec: CodecOf<S>
  readonly #bells: SlotBells
  readonly #onDead: OnDead
  readonly #held = new Map<number, Held>()
  readonly #instance: string
  /** If messages may be taken away: a consumer that reads in place could see the slot's next message. */
  readonly copies: boolean

  constructor(channel: QueueChannel, codec: CodecOf<S>, bells: SlotBells, onDead: OnDead) {
    this.channel = channel
    this.control = channel.control
    this.codec = codec
    this.#bells = bells
    this.#onDead = onDead
    this.copies = channel.header.maxProcessingMs > 0
    this.#instance = Buffer.from(channel.header.instance).toString('hex')
  }

  /** Tells a message from all others, of all queues. It must be held. */
  idOf(index: number): string {
    const { control } = this
    const place = `${control.producerOf(index)}-${control.slotOf(index)}`
    return `${this.#instance}-${place}-${control.baseOf(index)}-${Math.round(control.sentAtOf(index) * 1000)}`
  }

  hold(message: Held): void {
    const { index } = message
    this.#held.get(index)?.lose()
    this.#held.set(index, message)
  }

  /** For a message that leaves at once: the earlier holder of its slot has lost it. */
  loseOlder(index: number): void {
    if (this.#held.size === 0) return
    this.#held.get(index)?.lose()
    this.#held.delete(index)
  }

  /** True if this consumer still holds the message. */
  isHeld(message: Held): boolean {
    return this.#held.get(message.index) === message && this.isTaken(message.index, message.taken)
  }

  /** True if the word is still what the take stored. Call it after the message was read: then all of it was read in time. */
  isTaken(index: number, taken: number): boolean {
    return loadAfterCopy(this.control.words, index) === taken
  }

  /** @returns false if the message was taken away */
  acknowledge({ index, taken }: Pick<Held, 'index' | 'taken'>): boolean {
    const { control } = this
    if (!control.acknowledge(index, taken)) return false
    this.#bells.producers.ringSleeper(control.producerOf(index))
    return true
  }

  /** @returns what the slot holds now; undefined if the message was taken away */
  giveBack({ index, taken }: Pick<Held, 'index' | 'taken'>, giveBack: Return): number | undefined {
    const { control } = this
    const kind = control.giveBack(index, taken, giveBack)
    if (kind === undefined) return undefined
    this.#bells.consumers.ringSleepers()
    if (kind === DEAD) {
      this.#bells.producers.ringSleeper(control.producerOf(index))
      if (giveBack.as !== 'free') this.#onDead(index, taken, giveBack.reason)
    }
    return kind
  }

  /** Forgets a message that has left. */
  release(message: Held): boolean {
    return this.#held.get(message.index) === message && this.#held.delete(message.index)
  }

  /** Gives back all messages as if they had not been taken. */
  giveAllBack(): void {
    for (const message of this.#held.values()) {
      message.lose()
      this.giveBack(message, { as: 'free', notBefore: 0, reason: message.reason ?? '' })
    }
    this.#held.clear()
  }

  /** Gives back a dead letter as it was, unless it has left. */
  putBack(index: number, taken: number): void {
    const message = this.#held.get(index)
    if (message?.taken !== taken) return
    message.lose()
    this.release(message)
    this.giveBack(message, { as: 'free', notBefore: 0, reason: message.reason ?? '' })
  }

  /**
   * Decodes a message in place.
   *
   * @throws SharedMemoryError `CORRUPT`, `TOO_SHORT`
   */
  decode(index: number): MessageOf<S> {
    const { control } = this
    try {
      return this.codec.decode(control.data, control.payloadOf(index), control.lengthOf(index))
    } catch (error) {
      throw this.channel.explain(error)
    }
  }

  /**
   * Copies a message's bytes out of the queue.
   *
   * @returns undefined if the message was taken away meanwhile
   * @throws SharedMemoryError `CORRUPT`
   */
  copy(index: number, taken: number): DataView | undefined {
    const { control } = this
    const offset = control.payloadOf(index)
    let copy: DataView | undefined
    try {
      copy = new DataView(control.data.buffer.slice(offset, offset + control.lengthOf(index)))
    } catch (error) {
      if (this.isTaken(index, taken)) throw this.channel.explain(error)
    }
    return this.isTaken(index, taken) ? copy : undefined
  }

  /** Makes the view of one message. It stays where it is. */
  show(data: DataView, offset: number, length: number): { view: ReadonlyMessageView<S>; shown: PayloadView<unknown> } {
    const shown = this.codec.readonlyView(data)
    try {
      return { view: shown.at(offset, length), shown }
    } catch (error) {
      throw this.channel.explain(error)
    }
  }

  takenAway(): SharedMemoryError {
    const { maxProcessingMs } = this.control.header
    const why =
      maxProcessingMs > 0
        ? `it took longer than maxProcessingMs ${maxProcessingMs}`
        : 'this consumer was closed meanwhile'
    return this.channel.error(
      'TAKEN_AWAY',
      `this delivery no longer belongs to this consumer: ${why}. Another consumer gets the message.`,
    )
  }
}
