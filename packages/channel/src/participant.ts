import { Doorbell, type SharedMemoryError } from '@memlane/core'
import { type Side, SleepMark } from '@memlane/protocol/internal'
import type { AnyChannel } from './channel.js'
import { Waiter, type WaitStrategy } from './waiter.js'

/**
 * One participant of a channel: how it waits, and its lifecycle, with open checks, `ref` and `unref`, closing, and errors that
 * name the channel.
 */
export class Participant<Channel extends AnyChannel> {
  readonly channel: Channel
  readonly waiter: Waiter
  readonly #role: string
  #closed = false

  /**
   * @param slot the slot of that side which this participant has claimed; the slot's bell wakes the participant. Undefined for a
   * read-only participant: it checks at intervals
   */
  constructor(channel: Channel, side: Side, slot: number | undefined, waitStrategy: WaitStrategy = 'adaptive') {
    this.channel = channel
    this.#role = side.role
    this.waiter = new Waiter(
      waitStrategy,
      slot === undefined
        ? undefined
        : {
            bell: channel.keep(Doorbell.open(channel.memory, side.numberOf(slot))),
            mark: SleepMark.of(side, slot),
          },
    )
  }

  get closed(): boolean {
    return this.#closed
  }

  /** @throws SharedMemoryError `CLOSED` */
  checkOpen(): void {
    if (this.#closed) throw this.closedError()
  }

  closedError(): SharedMemoryError {
    return this.channel.error('CLOSED', `this ${this.#role} is closed.`)
  }

  /** Sets whether a wait keeps the process running. A no-op once closed. */
  setRef(ref: boolean): void {
    if (!this.#closed) this.waiter.setRef(ref)
  }

  /** Calls a function, and makes its errors name the channel. */
  explained<T>(attempt: () => T): T {
    try {
      return attempt()
    } catch (error) {
      throw this.channel.explain(error)
    }
  }

  /**
   * Closes the channel and ends a running wait. A second call does nothing.
   *
   * @param leave called before that, to announce the end to the other participants
   */
  close(leave: () => void): void {
    if (this.#closed) return
    this.#closed = true
    try {
      leave()
    } finally {
      this.channel.close()
      this.waiter.wake()
    }
  }
}
