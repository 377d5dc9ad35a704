import { PerformanceObserver } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import type { Garbage } from '../trial.js'

/** Node reports collections with a delay. */
const REPORT_DELAY_MS = 50

/**
 * Collects all garbage, then starts watching. Needs `--expose-gc`.
 *
 * @returns a function that returns the heap's growth and the collections up to its call
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
