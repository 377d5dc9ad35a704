import { floor, PROBE } from './peers/floor.js'
import { type Environment, summarize } from './report.js'
import { runTrial, type TrialReport } from './trial.js'

/** The largest factor by which two probes may differ. If they differ by more, the trial between them is repeated. */
const MAX_DRIFT = 1.5

/** In ns. A longer round trip means that another program used one of the CPUs. */
const MAX_ROUND_TRIP = 10_000

/** Measures the round trip of one cache line between two processes of this machine, in ns. */
async function probe(): Promise<number> {
  const { hub } = await runTrial<TrialReport>(floor.command(PROBE))
  return hub.roundTrip?.block ?? Number.NaN
}

export interface Probed<T> {
  readonly value: T
  /** The probe before and the probe after. */
  readonly probes: readonly [number, number]
  /** True if the two probes agree and neither is too slow. */
  readonly steady: boolean
}

/** Runs something between two probes. If a probe is too slow, or the two differ too much, repeats this. The last attempt counts. */
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

/**
 * Keeps the runs of a table that can be compared. The system sometimes moves processes to CPUs that are nearer to each other, or
 * farther apart, which the probes show. This function finds the range of probes in which the most lines have runs, and keeps
 * those runs. A line without a run in that range keeps all of its runs.
 */
export function alike<T>(lines: readonly (readonly Probed<T>[])[]): (readonly Probed<T>[])[] {
  const keepFrom = (fastest: number) =>
    lines.map((runs) =>
      runs.filter(({ steady, probes }) => {
        const slower = Math.max(...probes)
        return steady && slower >= fastest && slower <= MAX_DRIFT * fastest
      }),
    )
  const linesIn = (kept: readonly unknown[][]) => kept.filter((runs) => runs.length !== 0).length
  const choices = lines.flat().map(({ probes }) => keepFrom(Math.max(...probes)))
  const best = choices.reduce<readonly Probed<T>[][]>(
    (best, each) => {
      const more = linesIn(each) - linesIn(best) || each.flat().length - best.flat().length
      return more > 0 ? each : best
    },
    lines.map(() => []),
  )
  return lines.map((runs, index) => (best[index]?.length ? best[index] : runs))
}

/** Sums up the probes of some runs, for their results. */
export function probesOf(done: readonly Probed<unknown>[]): NonNullable<Environment['probes']> {
  const { median, min, max } = summarize(done.flatMap(({ probes }) => probes))
  return { median, min, max, unsteadyRuns: done.filter(({ steady }) => !steady).length }
}
