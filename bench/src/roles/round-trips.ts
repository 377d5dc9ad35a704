import { createHistogram, performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import type { RoleReport, Trial } from '../trial.js'
import { Stopwatch } from './stopwatch.js'

const BLOCK = 64

/**
 * Measures round trips in turn as blocks of 64 (the clock read once a block) and one by one; native/floor.cc does the
 * same. With a pause before each, only one by one.
 *
 * @param trip makes round trip number `sequence`; a promise is waited for
 */
export async function measureRoundTrips(
  trial: Trial,
  trip: (sequence: number) => Promise<unknown> | undefined,
): Promise<RoleReport> {
  const times = new Times()
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
    for (let i = 0; i < (trial.pauseMs === 0 ? BLOCK : 1); i++) {
      if (trial.pauseMs !== 0) await setTimeout(trial.pauseMs)
      const start = performance.now()
      const answer = trip(sequence++)
      if (answer !== undefined) await answer
      times.addSingle(start)
    }
  }
  return times.report(stopwatch.stop(sequence - first))
}

/** Bounded memory however many times it takes: histograms of three digits. */
class Times {
  private readonly blocks = createHistogram()
  private readonly singles = createHistogram()

  addBlock(start: number): void {
    this.blocks.record(wholeNs(start))
  }

  addSingle(start: number): void {
    this.singles.record(wholeNs(start))
  }

  report(role: RoleReport): RoleReport {
    const { blocks, singles } = this
    return {
      ...role,
      roundTrip: {
        block: blocks.count === 0 ? 0 : blocks.percentile(50) / BLOCK,
        p50: singles.percentile(50),
        p99: singles.percentile(99),
        p999: singles.percentile(99.9),
      },
    }
  }
}

function wholeNs(start: number): number {
  return Math.max(1, Math.round((performance.now() - start) * 1e6))
}
