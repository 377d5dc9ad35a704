/**
 * The clock and the timers, captured when this module loads. Test runners replace the global ones with fakes that stand still
 * (`vi.useFakeTimers()`, `jest.useFakeTimers()`); a wait that used the fakes would never end. The modules `node:timers` and
 * `node:perf_hooks` give the real ones even if the fakes came first.
 */
import { performance } from 'node:perf_hooks'
import * as timers from 'node:timers'

export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = timers

/** Milliseconds since the process started, on a clock that never goes back. */
export const now: () => number = performance.now.bind(performance)

const settled = Promise.resolve()

/** Like `queueMicrotask`, which jest also replaces. An error that the task throws is an unhandled rejection. */
export function microtask(task: () => void): void {
  void settled.then(task)
}

/** A promise that resolves after `ms` milliseconds. Keeps the process running during that time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
