import { PerformanceObserver } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import type { Garbage } from '../trial.js'

/** Collections are reported late. */
const REPORT_DELAY_MS = 50

/**
 * Collects all garbage and watches from then on. Needs `--expose-gc`.
 *
 * @returns a function that takes the heap's growth when called, and tells it with the collections until then
 */
export async function watchGarbage(): Promise<() => Promise<Garbage>> {
  globalThis.gc?.()
  await setTimeout(REPORT_DELAY_MS)
  let collections = 0
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length
  })
  observer.observe({ entryTypes: ['gc'] })
  const before = process.memoryUsage().heapUsed
  return async () => {
    const heapGrowth = process.memoryUsage().heapUsed - before
    await setTimeout(REPORT_DELAY_MS)
    observer.disconnect()
    return { heapGrowth, collections }
  }
}
