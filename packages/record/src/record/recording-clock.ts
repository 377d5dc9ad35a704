import { steadyNow } from '@memlane/core/internal'

/**
 * Times in nanoseconds since 1970, as MCAP files hold them. They never go back: the wall clock is read once, and the steady clock,
 * which all processes share, goes on from there.
 */
export class RecordingClock {
  readonly #start = BigInt(Date.now()) * 1_000_000n
  readonly #steadyStart = steadyNow()
  #last = 0n

  /** The present time. */
  now(): bigint {
    const time = this.at(steadyNow())
    if (time > this.#last) this.#last = time
    return this.#last
  }

  /** Converts milliseconds of the steady clock. */
  at(steadyMs: number): bigint {
    return this.#start + BigInt(Math.round((steadyMs - this.#steadyStart) * 1e6))
  }
}
