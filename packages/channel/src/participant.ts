import type { SharedMemoryError } from '@memlane/core'
import type { StreamChannel } from './stream.js'
import type { Waiter } from './waiter.js'

/** The lifecycle of one participant of a channel: open checks, `ref` and `unref`, closing, and errors that name the channel. */
export class Participant {
  readonly channel: StreamChannel
  readonly waiter: Waiter
  readonly #role: 'producer' | 'consumer'
  #closed = false

  constructor(channel: StreamChannel, waiter: Waiter, role: 'producer' | 'consumer') {
    this.channel = channel
    this.waiter = waiter
    this.#role = role
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

  /** Runs something whose errors are to name the channel. */
  explained<T>(attempt: () => T): T {
    try {
      return attempt()
    } catch (error) {
      throw this.channel.explain(error)
    }
  }

  /**
   * Closes the channel and ends a wait that is under way. A no-op the second time.
   *
   * @param leave what to do before: announce the end to the other participants
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
