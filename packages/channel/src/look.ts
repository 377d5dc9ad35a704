import { availableParallelism } from 'node:os'
import { now } from '@memlane/core/internal'
import type { WaitCondition } from './wait-condition.js'

const LOOKS_PER_CLOCK = 16
/** More than any machine manages. It ends a look if the clock stands still. */
const MAX_ROUNDS_PER_MS = 50_000

/** False with one CPU: there, a look takes the CPU away from the peer that it waits for. */
export const canLook: boolean = availableParallelism() > 1

/** Checks a condition again and again for some milliseconds. Blocks. True if it was there. */
export function lookFor(condition: WaitCondition, timeMs: number): boolean {
  const end = now() + timeMs
  for (let rounds = timeMs * MAX_ROUNDS_PER_MS; ; rounds--) {
    for (let looks = 0; looks < LOOKS_PER_CLOCK; looks++) if (condition.isThere()) return true
    if (rounds <= 0 || now() >= end) return false
  }
}
