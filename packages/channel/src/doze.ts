/**
 * What a sleeper does in addition, because other participants publish without a fence.
 *
 * A participant that publishes a message, or gives room back, needs no fence between that store and its check for sleepers.
 * So it can miss a mark that has just been set, and ring no bell. Therefore a sleeper only dozes at first: its bell rings by
 * itself after a few milliseconds. Usually a peer rings before that. If not, the sleeper asks the kernel for a barrier, which
 * puts the missing fence into all publishers. Then it checks again, and sleeps without a limit.
 */

import { capabilities, type Doorbell, memoryBarrier } from '@memlane/core'
import { pauseSync } from './deadline.js'

/**
 * How long (ms) a sleeper waits for a ring before it pays for a barrier. Undefined on Windows and macOS: there every participant
 * publishes with a fence, and no mark is missed.
 */
const DOZE_MS = capabilities.reachesOthersByBarrier ? 7 : undefined

/** After this time (ms), stores have left the store buffer: they need microseconds, although no architecture guarantees a limit. */
const STORE_BUFFER_MS = 1

export class Doze {
  readonly #bell: Doorbell
  /** When the bell rings by itself, on core's clock; undefined if it does not. */
  #end: number | undefined

  constructor(bell: Doorbell) {
    this.#bell = bell
  }

  /** Makes the bell ring by itself. One doze covers many short sleeps: if a doze is running, nothing changes. */
  begin(now: number): void {
    if (DOZE_MS === undefined || this.#end !== undefined) return
    this.#bell.ringAfter(DOZE_MS)
    this.#end = now + DOZE_MS
  }

  /**
   * After a doze, runs the barrier, so that the next check sees everything that a peer has stored without a ring. Call it
   * between setting the mark and that check.
   *
   * @param lastSleep when the same wait last began to sleep, on core's clock; Infinity if it has not yet
   * @returns true if the next check sees everything: the sleep after it needs no limit. False if that sleep must be a doze
   */
  orderBehindMark(now: number, lastSleep: number): boolean {
    if (DOZE_MS === undefined) return true
    if (this.#end === undefined || now < this.#end) return false
    this.#end = undefined
    // This wait began its last sleep late in the doze, or has not slept yet: it dozes again.
    if (lastSleep > now - DOZE_MS / 2) return false
    // SYNC: pairs with publishAndLookInOrder in LaneWriter, storeReleaseInOrder in ConsumerSlot; prevents a sleep without limit
    // after a publisher has missed the mark. If the kernel has no barrier, a short wait has the same effect.
    if (!memoryBarrier()) pauseSync(STORE_BUFFER_MS)
    return true
  }
}
