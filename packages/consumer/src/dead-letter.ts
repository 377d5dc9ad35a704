import type { MessageOf, Schema } from '@memlane/protocol'
import { generationOf, reasonIn } from '@memlane/protocol/internal'
import { GIVEN_UP } from './reasons.js'
import type { Held, TakenMessages } from './taken-messages.js'

/** A message that was delivered too often, or rejected. It stays in the queue until `resend` or `discard` is called. */
export class DeadLetter<S extends Schema> {
  /** How many times the message was delivered before it was set aside. */
  readonly deliveryCount: number
  /** Why: what `reject` or `retry` was given, or the message of the error that the handler threw; otherwise that its consumers died. */
  readonly reason: string
  /** The process of the last consumer that had it. */
  readonly pid: number
  readonly #messages: TakenMessages<S>
  readonly #held: Held
  readonly #value: () => MessageOf<S>
  #isOpen = true

  /** @param pid the process of the last consumer */
  constructor(messages: TakenMessages<S>, index: number, taken: number, pid: number) {
    const { control } = messages
    this.#messages = messages
    this.pid = pid
    this.deliveryCount = control.takesOf(index, taken) - 1
    const reason = reasonIn(control.data, control.noteOf(index), (generationOf(taken) - 1) & 0xff_ffff)
    this.#value = decoded(messages, index)
    this.reason = reason ?? GIVEN_UP
    this.#held = { index, taken, reason: this.reason, lose: () => this.#lose() }
    messages.hold(this.#held)
  }

  /**
   * The message, a plain copy that stays as it is.
   *
   * @throws SharedMemoryError `CORRUPT` or `TOO_SHORT` for a message that does not fit the schema
   */
  get value(): MessageOf<S> {
    return this.#value()
  }

  /**
   * Sends the message back into the queue, as if it had never been delivered.
   *
   * @throws SharedMemoryError `TAKEN_AWAY` if this consumer no longer has it; TypeError if it has been resent or discarded, or if the
   * iteration has gone on
   */
  resend(): void {
    this.#settle(() => this.#messages.giveBack(this.#held, { as: 'resends', notBefore: 0, reason: '' }) !== undefined)
  }

  /**
   * Removes the message for good.
   *
   * @throws as `resend`
   */
  discard(): void {
    this.#settle(() => this.#messages.acknowledge(this.#held))
  }

  #lose(): void {
    this.#isOpen = false
  }

  #settle(leave: () => boolean): void {
    this.#checkOpen()
    this.#isOpen = false
    if (!this.#messages.release(this.#held) || !leave()) throw this.#messages.takenAway()
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new TypeError('this dead letter was resent, discarded or put back already')
  }
}

/** Decodes a message now. The function gives the value, or throws the error. */
function decoded<S extends Schema>(messages: TakenMessages<S>, index: number): () => MessageOf<S> {
  try {
    const value = messages.decode(index)
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}
