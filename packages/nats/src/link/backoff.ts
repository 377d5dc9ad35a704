const FIRST_MS = 100
const LONGEST_MS = 5_000

/** Pauses that double up to 5 s. Each is a random part of that, half of it at least, so that bridges do not come back all at once. */
export class Backoff {
  #attempts = 0

  /** The next pause, in milliseconds. */
  next(): number {
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#attempts)
    this.#attempts = Math.min(this.#attempts + 1, 16)
    return longest * (0.5 + Math.random() / 2)
  }

  /** Begins again with the shortest pause. */
  reset(): void {
    this.#attempts = 0
  }
}
