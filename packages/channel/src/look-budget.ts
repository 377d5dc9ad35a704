import { lookFor } from './look.js'
import type { WaitCondition } from './wait-condition.js'

/** How long a look lasts at most: about as long as a sleep and its wake-up. So a look at most doubles the cost of a wait. */
export const LOOK_MS = 0.05
/**
 * How many more looks must fail than succeed before they end. The looks last longer together than the scheduler needs to move
 * one of two peers from a shared CPU to an idle one.
 */
const MAX_CREDIT = 64
/** The credit after a trial that found something: small, because one success proves little. */
const TRIAL_CREDIT = 2
/** How many waits go without a look before the next trial: the first time, and at most. */
const MIN_PAUSE = 8
const MAX_PAUSE = 1024

/**
 * Looks at memory before a sleep, as long as at least half of the looks find something. After that, one wait in many begins with
 * a look as a trial. Trials become rare while they fail, so that they do not show in the 99th percentile of waits on a machine
 * that is too busy for looks.
 */
export class LookBudget {
  #credit = MAX_CREDIT
  /** How many waits go without a look after the next look that fails. */
  #pause = MIN_PAUSE
  /** How many waits are left until the next trial. */
  #untilTrial = 0

  /** Checks a condition, for up to LOOK_MS if that is worth it. Blocks for that time. True if the condition is there. */
  look(condition: WaitCondition): boolean {
    if (condition.isThere()) return true // says nothing about looks
    if (this.#credit === 0 && --this.#untilTrial > 0) return false
    const took = lookFor(condition, LOOK_MS)
    // If it took longer, another process had this CPU in the meantime: a sleep would have been as fast.
    if (took <= LOOK_MS) this.#gain()
    else this.#lose()
    return took !== Infinity
  }

  #gain(): void {
    this.#credit = this.#credit === 0 ? TRIAL_CREDIT : Math.min(MAX_CREDIT, this.#credit + 1)
    this.#pause = MIN_PAUSE
  }

  #lose(): void {
    if (this.#credit > 0) this.#credit--
    if (this.#credit > 0) return
    this.#untilTrial = this.#pause
    this.#pause = Math.min(MAX_PAUSE, 2 * this.#pause)
  }
}
