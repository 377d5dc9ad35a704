import { setTimeout } from 'node:timers/promises'
import { now } from '@memlane/core/internal'
import type { Link } from '../../link/link.js'
import { bridgeFailure, type CallFailure, FAILED } from './call-failure.js'

const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 500
/** A call with a deadline fails so much earlier, in milliseconds: then its client learns the reason. At most a fifth of the time left. */
const MARGIN_MS = 50

/** How a call waits for a service that takes it: until its deadline, or for some seconds if it has none. */
export class Patience {
  readonly #link: Link
  readonly #signal: AbortSignal
  readonly #end: number
  #pauseMs = FIRST_PAUSE_MS

  /**
   * @param deadline on the clock of `performance.now()`, or Infinity
   * @param timeoutMs how long a call without a deadline waits
   */
  constructor(link: Link, signal: AbortSignal, deadline: number, timeoutMs: number) {
    this.#link = link
    this.#signal = signal
    const start = now()
    this.#end = deadline === Infinity ? start + timeoutMs : deadline - Math.min(MARGIN_MS, (deadline - start) / 5)
  }

  /**
   * Waits until the connection is there.
   *
   * @throws CallFailure if it does not come in time; the signal's reason
   */
  async untilUp(): Promise<void> {
    if (this.#link.isUp) return
    const limit = AbortSignal.timeout(Math.max(0, Math.ceil(this.#end - now())))
    try {
      await this.#link.whenUp(AbortSignal.any([this.#signal, limit]))
    } catch (error) {
      if (!limit.aborted) throw error
      throw bridgeFailure(FAILED.unavailable, 'DISCONNECTED', 'the bridge has no connection to NATS.', false)
    }
  }

  /**
   * Waits before another attempt.
   *
   * @param failure that of the last attempt
   * @throws the failure if the time is over; the signal's reason
   */
  async pause(failure: CallFailure): Promise<void> {
    const pauseMs = this.#pauseMs * (0.5 + Math.random() / 2)
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2)
    const left = this.#end - now()
    if (left <= 0) throw failure
    await setTimeout(Math.min(pauseMs, left), undefined, { signal: this.#signal })
  }
}
