/** Lets the event loop run now and then while messages come without a wait. Otherwise timers, signals and sockets would starve. */

import { now, setImmediate } from '@memlane/core/internal'

/** How long the event loop may stand still. A round of it takes some microseconds. */
const INTERVAL_MS = 0.5
/** Reading the clock takes as long as a fast message, so it is not read for each of them. */
const MAX_STRIDE = 4

/** When the event loop of this thread runs next. */
let next = 0
/** The clock is read once in this number of messages. Grows while messages are fast. */
let stride = 1
let untilClock = 1
let lastClock = 0

/**
 * Call it after each message or wait that did not let the event loop run.
 *
 * @param messages how many there were
 * @returns what to await before the next one. Usually undefined: then it is too early for another round
 */
export function roundIfDue(messages = 1): Promise<void> | undefined {
  untilClock -= messages
  if (untilClock > 0) return undefined
  const time = now()
  stride = time - lastClock < INTERVAL_MS / 4 ? Math.min(MAX_STRIDE, 2 * stride) : 1
  untilClock = stride
  lastClock = time
  return time < next ? undefined : new Promise(runEventLoop)
}

/** Call it when the event loop has just run, because a wait slept: then no round is due for a while. */
export function noteRound(): void {
  next = now() + INTERVAL_MS
}

function runEventLoop(done: () => void): void {
  setImmediate(() => {
    noteRound()
    done()
  })
}
