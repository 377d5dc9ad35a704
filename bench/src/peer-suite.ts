import { runWithContention } from './contended-trial.js'
import { measurementsOf } from './metrics.js'
import type { Peer } from './peer.js'
import { floor } from './peers/floor.js'
import { peers } from './peers/peers.js'
import { alike, betweenProbes, type Probed, probesOf } from './probe.js'
import { currentEnvironment, type Environment, type Result, summarize } from './report.js'
import type { Suite, SuiteOptions } from './suite.js'
import { caseTables, NOT_MEASURED, peerTables, type Reference } from './tables.js'
import type { Trial, TrialReport, Workload } from './trial.js'

/** One case of a suite, which every peer runs. Fields that are left out have their usual values. */
export interface Case extends Partial<Omit<Trial, 'peer' | 'variant'>> {
  readonly workload: Workload
  readonly payload: number
  /** Tells cases of the same payload apart. */
  readonly label?: string
  /** The case runs at most this many times. */
  readonly maxRuns?: number
  /** The variants that run, by peer. By default, all that a peer lists for the workload. */
  readonly variants?: Readonly<Record<string, readonly string[]>>
}

export interface PeerSuiteOptions {
  readonly name: string
  readonly summary: string
  readonly cases: readonly Case[]
  /** Every peer's speed is compared with these. */
  readonly references: readonly Reference[]
  /** `case`: a table for each case. `peer`: a line for each peer, a column for each case. */
  readonly tableBy: 'case' | 'peer'
  readonly special?: boolean
}

/** Makes a suite of trials between processes. In each run of a case, all peers take turns. */
export function peerSuite({ references, tableBy, cases, name, summary, special = false }: PeerSuiteOptions): Suite {
  const able = peers.filter((peer) => cases.some((each) => variantsOf(each, peer).length > 0))
  return {
    name,
    summary,
    special,
    peers: Object.fromEntries(able.map((peer) => [peer.name, peer.summary])),
    table: (results) => (tableBy === 'case' ? caseTables(results, references) : peerTables(results)),

    async run(options) {
      await floor.prepare?.() // the probes need it
      const environment = currentEnvironment()
      const results: Result[] = []
      const ready: Peer[] = []
      for (const peer of able.filter(({ name, special }) => options.peers?.includes(name) ?? special !== true)) {
        try {
          await peer.prepare?.()
          ready.push(peer)
        } catch (error) {
          results.push(notMeasured(name, peer.name, (error as Error).message, environment))
        }
      }
      for (const each of cases) {
        if (options.payloads?.includes(each.payload) ?? true) {
          results.push(...(await runCase(name, each, ready, options, environment)))
        }
      }
      return results
    },
  }
}

function variantsOf({ workload, variants }: Case, peer: Peer): readonly string[] {
  return (variants === undefined ? peer.variants[workload] : variants[peer.name]) ?? []
}

async function runCase(
  suite: string,
  theCase: Case,
  peers: readonly Peer[],
  { runs, quick, payloads, onProgress }: SuiteOptions,
  environment: Environment,
): Promise<Result[]> {
  const { label, maxRuns = Infinity, variants, ...what } = theCase
  const isChosen = payloads !== undefined || variants !== undefined
  const entries = peers.flatMap((peer) =>
    variantsOf(theCase, peer)
      .map((variant) => trialOf({ ...what, ...(quick ? QUICK : {}) }, peer.name, variant))
      .filter((trial) => isChosen || (peer.isWorthwhile?.(trial) ?? true))
      .map((trial) => ({ peer, trial, done: [] as Probed<TrialReport>[] })),
  )
  for (let run = 0; run < runs; run++) {
    for (const { peer, trial, done } of entries) {
      if (run >= Math.min(maxRuns, peer.maxRuns ?? Infinity)) continue
      onProgress(
        `${suite}: ${peer.name}, ${trial.variant}, ${trial.payload} B${label ? `, ${label}` : ''}, run ${run + 1}`,
      )
      try {
        done.push(await betweenProbes(() => runWithContention(peer, trial, timeoutSecondsOf(trial))))
      } catch (error) {
        process.exitCode = 1
        console.error((error as Error).message)
      }
    }
  }
  const kept = alike(entries.map(({ done }) => done))
  return entries.flatMap(({ trial }, index) => {
    const done = kept[index] ?? []
    const variant = label === undefined ? trial.variant : `${trial.variant} (${label})`
    return resultsOf(trial, done).map((figure) => ({
      ...{ suite, peer: trial.peer, variant, payload: trial.payload, ...figure },
      environment: { ...environment, probes: probesOf(done) },
    }))
  })
}

const QUICK = { warmUpSeconds: 0.2, seconds: 0.3 }

function trialOf(what: Omit<Case, 'label' | 'maxRuns' | 'variants'>, peer: string, variant: string): Trial {
  return {
    ...{ spokes: 1, capacity: usualCapacity(what.payload), warmUpSeconds: 0.4, seconds: 2, messages: 0, pauseMs: 0 },
    ...what,
    peer,
    variant,
  }
}

/** Returns a capacity for at least eight messages, and at least the capacity at which the C++ floor is fastest. */
function usualCapacity(payload: number): number {
  return Math.max(4_194_304, 8 * payload)
}

function timeoutSecondsOf({ seconds, messages }: Trial): number {
  return 120 + seconds + messages / 100_000
}

/** Returns the median over the runs, for each figure and its percentiles. */
function resultsOf(trial: Trial, done: readonly Probed<TrialReport>[]) {
  const runs = done.map(({ value }) => measurementsOf(trial, value))
  return (runs[0] ?? []).map(({ metric, unit }) => {
    const same = runs.flatMap((run) => run.filter((each) => each.metric === metric))
    const median = (key: 'mean' | 'p50' | 'p99' | 'p999') =>
      summarize(same.flatMap((each) => (each[key] === undefined ? [] : [each[key]]))).median
    return {
      ...{ metric, unit, ...summarize(same.map(({ value }) => value)) },
      ...{ mean: median('mean'), p50: median('p50'), p99: median('p99'), p999: median('p999') },
    }
  })
}

function notMeasured(suite: string, peer: string, reason: string, environment: Environment): Result {
  return {
    ...{ suite, peer, variant: reason, payload: null, metric: NOT_MEASURED, unit: '' },
    ...{ median: null, min: null, max: null, p50: null, p99: null, p999: null, runs: 0, environment },
  }
}
