import type { Metric } from './metric.js'
import type { Labels } from './samples.js'

/** How many series are remembered, so that made-up names cannot fill this process. */
const MAX_SERIES = 100_000

const WRAP = 2 ** 32

/** A total, and how much it has grown since the last look. */
export interface Total {
  readonly total: number
  readonly growth: number
}

interface Series extends Total {
  readonly instance: string
  readonly counter: number
}

/**
 * Makes totals that only grow of counters in memory, which wrap at 2^32. The first total of a series is the counter.
 * Memory that was created anew under the same name goes on from the total of its predecessor.
 */
export class Totals {
  /** The series that was read longest ago comes first. */
  readonly #series = new Map<string, Series>()

  /**
   * @param instance tells memory from its predecessors of the same name
   * @param least how much the counter must have grown at least: so a counter that has wrapped several times is right, too
   */
  next(metric: Metric, labels: Labels, instance: string, counter: number, least = 0): Total {
    const key = JSON.stringify([metric.name, labels])
    const known = this.#series.get(key)
    const seen = known?.instance === instance ? (counter - known.counter) >>> 0 : counter
    const growth = seen + Math.ceil(Math.max(0, least - seen) / WRAP) * WRAP
    const series = { instance, counter, growth, total: (known?.total ?? 0) + growth }
    this.#series.delete(key)
    this.#series.set(key, series)
    for (const oldest of this.#series.keys()) {
      if (this.#series.size <= MAX_SERIES) break
      this.#series.delete(oldest)
    }
    return series
  }
}
