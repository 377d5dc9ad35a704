/** Steps for each doubling: values are kept to within 3%. */
const STEPS = 32
const BUCKETS = 64 * STEPS

/** How late messages were sent, in microseconds. */
export interface TimingError {
  readonly medianUs: number
  readonly p99Us: number
  readonly maxUs: number
}

/** Counts delays in buckets, so that any number of them takes the same memory. */
export class TimingErrors {
  readonly #counts = new Float64Array(BUCKETS)
  #total = 0
  #max = 0

  add(delayMs: number): void {
    const delayUs = Math.max(0, delayMs * 1000)
    const bucket = Math.min(BUCKETS - 1, Math.floor(Math.log2(1 + delayUs) * STEPS))
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1
    this.#total++
    if (delayUs > this.#max) this.#max = delayUs
  }

  /** Undefined if nothing was counted. */
  get summary(): TimingError | undefined {
    if (this.#total === 0) return undefined
    const round = (value: number) => Math.round(value * 10) / 10
    return { medianUs: round(this.#quantile(0.5)), p99Us: round(this.#quantile(0.99)), maxUs: round(this.#max) }
  }

  #quantile(share: number): number {
    let left = Math.ceil(this.#total * share)
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket] as number
      if (left <= 0) return Math.min(this.#max, 2 ** ((bucket + 0.5) / STEPS) - 1)
    }
    return this.#max
  }
}
