import { now } from '@memlane/core/internal'

/** How long a reader tries to get a whole value. Code that V8 has not compiled yet may be overtaken for some milliseconds. */
export const RETRY_LIMIT_MS = 100
/** On a busy system, the time may pass within a few attempts: in each one, the reader waits for a CPU while the writer has one. */
const MIN_ATTEMPTS = 100

/** The attempts of one read against a writer that is faster than the reader. */
export class Retries {
  #attempts = 0
  #deadline = Infinity

  /** Returns false after 100 ms and 100 attempts. */
  next(): boolean {
    this.#attempts++
    if (this.#attempts === 1) return true
    const time = now()
    if (this.#attempts === 2) this.#deadline = time + RETRY_LIMIT_MS
    return time < this.#deadline || this.#attempts <= MIN_ATTEMPTS
  }
}
