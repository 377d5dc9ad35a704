/**
 * A monotonic clock that all processes of the machine share. `performance.now()` and, outside Node.js, `process.hrtime()` count from
 * the start of their process. A native call takes longer than they do, so the difference between both clocks is kept for a second.
 */

import { binding } from './binding.js'
import { now } from './clock.js'

/** How long the difference is kept. Runtimes disagree about whether a clock counts the time that the machine sleeps. */
const KEEP_MS = 1000
/** How far apart two readings of one clock may be (ms), for the reading of the other clock between them to count as simultaneous. */
const SIMULTANEOUS_MS = 0.02
/** Attempts, if the system interrupts this thread between the readings. The best one counts. */
const ATTEMPTS = 3

let difference = 0
let keepUntil = -Infinity

/**
 * Returns the time in milliseconds, on a clock that all processes and threads of this machine share. Usually exact to 20
 * microseconds; less exact if the system interrupts every measurement. So a later time may be smaller by as much.
 */
export function steadyNow(): number {
  const time = now()
  if (time >= keepUntil) measure()
  return time + difference
}

function measure(): void {
  let shortest = Infinity
  for (let attempt = 0; attempt < ATTEMPTS && shortest >= SIMULTANEOUS_MS; attempt++) {
    const before = now()
    const shared = binding.monotonicMs()
    const after = now()
    if (after - before >= shortest) continue
    shortest = after - before
    difference = shared - after
    keepUntil = after + KEEP_MS
  }
}
