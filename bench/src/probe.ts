import { floor, PROBE } from './peers/floor.js'
import { runTrial, type TrialReport } from './trial.js'

/** How much two probes may differ for what ran between them to count. */
const MAX_DRIFT = 1.5

/** In ns. A longer round trip means that somebody else had one of the processors. */
const MAX_ROUND_TRIP = 10_000

/** The round trip of one cache line between two processes of this machine, now, in ns. */
async function probe(): Promise<number> {
  const { hub } = await runTrial<TrialReport>(floor.command(PROBE))
  return hub.roundTrip?.block ?? Number.NaN
}

export interface Probed<T> {
  readonly value: T
  /** Before and after. */
  readonly probes: readonly [number, number]
  /** Whether the two agree. */
  readonly steady: boolean
}

/** Runs something between two probes, and again when they differ too much; the last of `attempts` counts as it is. */
export async function betweenProbes<T>(run: () => Promise<T>, look = probe, attempts = 3): Promise<Probed<T>> {
  for (let attempt = 1; ; attempt++) {
    const before = await look()
    const value = await run()
    const after = await look()
    const slower = Math.max(before, after)
    const steady = slower <= MAX_ROUND_TRIP && slower <= MAX_DRIFT * Math.min(before, after)
    if (steady || attempt >= attempts) return { value, probes: [before, after], steady }
  }
}
