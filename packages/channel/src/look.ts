import { availableParallelism } from 'node:os'
import { now } from '@memlane/core/internal'
import type { WaitCondition } from './wait-condition.js'

/** These checks need no clock. They take about a microsecond, the time in which a busy peer answers. */
const FIRST_CHECKS = 64
const CHECKS_PER_CLOCK = 16
const CHECKS_PER_SPIN = 256
/** More than any machine manages. It ends a look if the clock stands still. */
const MAX_ROUNDS_PER_MS = 50_000

/** False with one CPU: there, a look takes the CPU away from the peer that it waits for. */
export const canLook: boolean = availableParallelism() > 1

/**
 * Checks a condition again and again for some milliseconds. Blocks.
 *
 * @returns the milliseconds until it was there, 0 if it was there at once; Infinity if it was not there in time
 */
export function lookFor(condition: WaitCondition, timeMs: number): number {
  if (condition.quick === undefined) return lookAt(condition, timeMs)
  const took = lookAt(condition.quick, timeMs)
  return took === Infinity && condition.isThere() ? timeMs : took
}

/**
 * As `lookFor`, for a wait that never sleeps: it reads the clock less often, and never after it has found something.
 *
 * @returns false if the condition was not there in time
 */
export function spinFor(condition: WaitCondition, timeMs: number): boolean {
  const quick = condition.quick ?? condition
  let end = Infinity
  for (let rounds = timeMs * MAX_ROUNDS_PER_MS; rounds > 0; rounds--) {
    for (let checks = 0; checks < CHECKS_PER_SPIN; checks++) if (quick.isThere()) return true
    const time = now()
    if (end === Infinity) end = time + timeMs
    else if (time >= end) break
  }
  return condition.isThere()
}

function lookAt(condition: Pick<WaitCondition, 'isThere'>, timeMs: number): number {
  for (let checks = 0; checks < FIRST_CHECKS; checks++) if (condition.isThere()) return 0
  const start = now()
  const end = start + timeMs
  for (let rounds = timeMs * MAX_ROUNDS_PER_MS; ; rounds--) {
    for (let checks = 0; checks < CHECKS_PER_CLOCK; checks++) if (condition.isThere()) return now() - start
    if (rounds <= 0 || now() >= end) return Infinity
  }
}
