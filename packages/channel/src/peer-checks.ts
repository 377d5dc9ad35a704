import { now } from '@memlane/core/internal'

/** How often the kernel is asked, in milliseconds and at most in calls of `pass`. */
const INTERVAL_MS = 10
const MAX_STRIDE = 64

/**
 * Asks the kernel now and then which peers live. For a consumer that always finds messages or calls: it never sleeps, so no bell tells it of a
 * death.
 */
export class PeerChecks {
  readonly #check: () => void
  #next = 0
  #untilTime = 1
  #stride = 1

  /** @param check asks the kernel, and cleans up after dead peers */
  constructor(check: () => void) {
    this.#check = check
  }

  /** Call it before each take. Usually costs one decrement. */
  pass(): void {
    if (--this.#untilTime <= 0) this.#lookAtTime()
  }

  #lookAtTime(): void {
    const time = now()
    const isFast = time < this.#next
    this.#stride = isFast ? Math.min(MAX_STRIDE, 2 * this.#stride) : 1
    this.#untilTime = this.#stride
    if (isFast) return
    this.#next = time + INTERVAL_MS
    this.#check()
  }
}
