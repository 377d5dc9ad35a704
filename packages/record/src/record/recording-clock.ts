import { now } from '@memlane/core/internal'

/**
 * Times in nanoseconds since 1970, as MCAP files hold them. They never go back: the wall clock is read once, and a steady clock goes
 * on from there.
 */
export class RecordingClock {
  readonly #start = BigInt(Date.now()) * 1_000_000n
  readonly #startMs = now()

  /** The present time. */
  now(): bigint {
    return this.#start + BigInt(Math.round((now() - this.#startMs) * 1e6))
  }
}

/** Converts milliseconds since 1970. */
export function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n
}
