import { now } from '@memlane/core/internal'

/** How long a reader tries to get a whole value. Code that V8 has not compiled yet may be overtaken for some milliseconds. */
export const RETRY_LIMIT_MS = 100
/** Attempts between two looks at the clock. For a small value, they take tens of microseconds. */
const ATTEMPTS_PER_LOOK = 1000

/** The attempts of one read against a writer that is faster than the reader. */
export class Retries {
  #attempts = 0
  #deadline: number | undefined

  /** Counts an attempt. Returns false if there is no time for it. */
  next(): boolean {
    if (++this.#attempts % ATTEMPTS_PER_LOOK !== 0) return true
    const time = now()
    this.#deadline ??= time + RETRY_LIMIT_MS
    return time < this.#deadline
  }
}
