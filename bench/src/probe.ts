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

/**
 * Keeps, of the runs of each line of a table, those that compare: the system moves processes to processors that are nearer to each
 * other, or farther. Kept are those of the like probes that most lines have a part in; a line that has none keeps all.
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
