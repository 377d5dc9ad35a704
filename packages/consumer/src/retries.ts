import { now } from '@memlane/core/internal'

/** How long a reader tries to get a whole value. Code that V8 has not compiled yet may be overtaken for some milliseconds. */
export const RETRY_LIMIT_MS = 100

/** The attempts of one read against a writer that is faster than the reader. */
export class Retries {
  #isFirst = true
  #deadline: number | undefined

  /** Returns false if there is no time for another attempt. There is always time for two. */
  next(): boolean {
    if (this.#isFirst) {
      this.#isFirst = false
      return true
    }
    const time = now()
    this.#deadline ??= time + RETRY_LIMIT_MS
    return time < this.#deadline
  }
}
