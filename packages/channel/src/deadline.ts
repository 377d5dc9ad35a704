/** When a wait ends: a time on core's clock, in milliseconds, which fake timers do not reach. Infinity means never. */

import { checkTimeout, now } from '@memlane/core/internal'

/** @throws TypeError or RangeError for a wrong `timeoutMs` */
export function deadlineAfter(timeoutMs: number = Infinity): number {
  checkTimeout('timeoutMs', timeoutMs)
  return timeoutMs === Infinity ? Infinity : now() + timeoutMs
}

/** Milliseconds until a deadline; 0 once it has passed. */
export function timeLeft(deadline: number): number {
  return deadline === Infinity ? Infinity : Math.max(0, deadline - now())
}

const pauseWord = new Int32Array(new SharedArrayBuffer(4))

/** Blocks this thread for some milliseconds. */
export function pauseSync(timeMs: number): void {
  Atomics.wait(pauseWord, 0, 0, timeMs)
}
