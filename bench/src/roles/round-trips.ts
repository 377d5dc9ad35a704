import { createHistogram, performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import type { RoleReport, Trial } from '../trial.js'
import { Stopwatch } from './stopwatch.js'

const BLOCK = 64

/**
 * Measures round trips alternately in blocks of 64, with one read of the clock per block, and one by one. With pauses,
 * measures them only one by one, a burst after each pause. native/round_trips.h does the same, except that it records each duration at once. Here,
 * durations are recorded after the trips, because recording takes longer in Node.
 *
 * @param trip makes round trip number `sequence`; its promise is awaited
 */
export async function measureRoundTrips(
  trial: Pick<Trial, 'warmUpSeconds' | 'seconds' | 'pauseMs' | 'burst'>,
  trip: (sequence: number) => Promise<unknown> | undefined,
): Promise<RoleReport> {
  const times = new Times()
  const durations = new Float64Array(BLOCK)
  let sequence = 0
  const makeTrips = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const answer = trip(sequence++)
      if (answer !== undefined) await answer
    }
  }
  const warm = performance.now() + trial.warmUpSeconds * 1000
  while (performance.now() < warm) await makeTrips(1)
  const first = sequence
  const stopwatch = new Stopwatch()
  const end = performance.now() + trial.seconds * 1000
  while (performance.now() < end) {
    if (trial.pauseMs === 0) {
      const start = performance.now()
      await makeTrips(BLOCK)
      times.addBlock(start)
    }
    const singles = trial.pauseMs === 0 ? BLOCK : (trial.burst ?? 1)
    if (trial.pauseMs !== 0) await setTimeout(trial.pauseMs)
    for (let i = 0; i < singles; i++) {
      const start = performance.now()
      const answer = trip(sequence++)
      if (answer !== undefined) await answer
      durations[i] = performance.now() - start
    }
    times.addSingles(durations, singles)
  }
  return times.report(stopwatch.stop(sequence - first))
}

/** Records durations in histograms of three digits, so that memory stays bounded. */
class Times {
  private readonly blocks = createHistogram()
  private readonly singles = createHistogram()

  addBlock(start: number): void {
    this.blocks.record(wholeNs(performance.now() - start))
  }

  addSingles(durations: Float64Array, count: number): void {
    for (let i = 0; i < count; i++) this.singles.record(wholeNs(durations[i] as number))
  }

  report(role: RoleReport): RoleReport {
    const { blocks, singles } = this
    return {
      ...role,
      roundTrip: {
        block: blocks.count === 0 ? 0 : blocks.percentile(50) / BLOCK,
        mean: singles.mean,
        p50: singles.percentile(50),
        p99: singles.percentile(99),
        p999: singles.percentile(99.9),
      },
    }
  }
}

function wholeNs(ms: number): number {
  return Math.max(1, Math.round(ms * 1e6))
}
