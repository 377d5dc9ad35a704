import {
  checkOptions,
  checkText,
  checkWholeNumber,
  MAX_TIMEOUT_MS,
  type OptionChecks,
  steadyNow,
} from '@memlane/core/internal'
import type { MessageOf, PayloadView, ReadonlyMessageView, Schema } from '@memlane/protocol'
import type { Held, TakenMessages } from './taken-messages.js'

/** How `retry` gives a message back. */
export interface RetryOptions {
  /** Nobody gets the message before so many milliseconds have passed. Default 0. */
  delayMs?: number
  /** Says why, for the dead letter if this was the last delivery. At most 112 bytes of it are kept. */
  reason?: string
}

const retryChecks: OptionChecks<RetryOptions> = {
  delayMs: checkWholeNumber(0, MAX_TIMEOUT_MS, 'milliseconds'),
  reason: checkText,
}

enum State {
  Open = 0,
  /** Acknowledged, given back, or rejected by this consumer. */
  Settled = 1,
  /** Taken away, or given back by `close`. */
  Lost = 2,
}

/**
 * A message of a queue, as one consumer got it. The consumer holds it until it calls `ack`, `retry` or `reject`, once. If the consumer's
 * process dies before that, another consumer gets the message.
 */
export class Delivery<S extends Schema> {
  /** How many times the message was delivered, this delivery included: 1 for the first time. */
  readonly deliveryCount: number
  readonly #messages: TakenMessages<S>
  readonly #held: Held
  readonly #copy: DataView | undefined
  #state = State.Open
  #id: string | undefined
  #value: MessageOf<S> | undefined
  #isDecoded = false
  #view: ReadonlyMessageView<S> | undefined
  #shown: PayloadView<unknown> | undefined

  /** @param copy the message's bytes, if the message may be taken away */
  constructor(messages: TakenMessages<S>, index: number, taken: number, copy: DataView | undefined) {
    this.#messages = messages
    this.#held = { index, taken, lose: () => this.#lose() }
    this.#copy = copy
    this.deliveryCount = messages.control.takesOf(index, taken)
    messages.hold(this.#held)
  }

  /**
   * Identifies the message among those of all queues, for work that must not be done twice: the same at each redelivery. Read it before
   * `ack`, `retry` or `reject`. If a consumer gives the message back by closing, that counts as never delivered, and the message gets another id.
   *
   * @throws SharedMemoryError `TAKEN_AWAY`; TypeError if the delivery has ended before the first access
   */
  get id(): string {
    if (this.#id === undefined) {
      this.#checkOpen()
      const id = this.#messages.idOf(this.#held.index)
      if (!this.#messages.isHeld(this.#held)) throw this.#messages.takenAway()
      this.#id = id
    }
    return this.#id
  }

  /**
   * The message as a plain value, a copy that stays as it is. It is decoded when it is first read: read it before `ack`, `retry` or `reject`.
   *
   * @throws SharedMemoryError `TAKEN_AWAY`, and `CORRUPT` or `TOO_SHORT` for a message that does not fit the schema; TypeError if the
   * delivery has ended before the first access
   */
  get value(): MessageOf<S> {
    if (!this.#isDecoded) {
      this.#value = this.#decode()
      this.#isDecoded = true
    }
    return this.#value as MessageOf<S>
  }

  /**
   * The message in place, without a copy of the whole: read-only, and valid until the delivery ends. With `maxProcessingMs` it shows a copy.
   *
   * @throws as `value`
   */
  get view(): ReadonlyMessageView<S> {
    if (this.#shown === undefined) {
      const { control } = this.#messages
      const { view, shown } =
        this.#copy === undefined
          ? this.#show(control.data, control.payloadOf(this.#held.index), this.#lengthInPlace())
          : this.#show(this.#copy, 0, this.#copy.byteLength)
      this.#view = view
      this.#shown = shown
    }
    return this.#view as ReadonlyMessageView<S>
  }

  /** True after `ack`, `retry` or `reject`, and after the message was taken away. */
  get settled(): boolean {
    return this.#state !== State.Open
  }

  /**
   * Acknowledges the message: it is done, and leaves the queue.
   *
   * @throws SharedMemoryError `TAKEN_AWAY` if this consumer no longer has the message; TypeError if the delivery has ended already
   */
  ack(): void {
    this.#settle(() => this.#messages.acknowledge(this.#held))
  }

  /**
   * Gives the message back, to be delivered again. If it was delivered `maxDeliveries` times, it becomes a dead letter.
   *
   * @throws as `ack`; TypeError or RangeError for wrong options
   */
  retry(options: RetryOptions = {}): void {
    checkOptions('retry', options, retryChecks)
    const { delayMs = 0, reason = '' } = options
    const notBefore = delayMs === 0 ? 0 : steadyNow() + delayMs
    this.#settle(() => this.#messages.giveBack(this.#held, { as: 'counts', notBefore, reason }) !== undefined)
  }

  /**
   * Makes the message a dead letter: nobody gets it any more, except through `deadLetters()`.
   *
   * @param reason says why. At most 112 bytes of it are kept
   * @throws as `ack`
   */
  reject(reason = ''): void {
    checkText('reason', reason)
    this.#settle(() => this.#messages.giveBack(this.#held, { as: 'rejects', notBefore: 0, reason }) !== undefined)
  }

  #lose(): void {
    if (this.#state !== State.Open) return
    this.#state = State.Lost
    this.#endView()
  }

  #settle(leave: () => boolean): void {
    if (this.#state === State.Settled)
      throw new TypeError('this delivery has ended already: ack, retry and reject are called once')
    const isOurs = this.#state === State.Open && this.#messages.release(this.#held)
    this.#state = State.Settled
    this.#endView()
    if (!isOurs || !leave()) throw this.#messages.takenAway()
  }

  #decode(): MessageOf<S> {
    const { codec, channel } = this.#messages
    if (this.#copy !== undefined) {
      try {
        return codec.decode(this.#copy, 0, this.#copy.byteLength)
      } catch (error) {
        throw channel.explain(error)
      }
    }
    this.#checkOpen()
    const value = this.#messages.decode(this.#held.index)
    if (!this.#messages.isHeld(this.#held)) throw this.#messages.takenAway()
    return value
  }

  #lengthInPlace(): number {
    this.#checkOpen()
    const { control, channel } = this.#messages
    try {
      return control.lengthOf(this.#held.index)
    } catch (error) {
      throw channel.explain(error)
    }
  }

  #checkOpen(): void {
    if (this.#state === State.Lost) throw this.#messages.takenAway()
    if (this.#state === State.Settled)
      throw new TypeError('this delivery has ended: read its value or view before that')
  }

  #show(data: DataView, offset: number, length: number) {
    return this.#messages.show(data, offset, length)
  }

  #endView(): void {
    if (this.#copy === undefined)
      this.#shown?.end?.('this view was used after its delivery had ended. Copy the data to keep it')
  }
}
