import type { CallTrial } from '../calls/call-trial.js'
import { besideBurners } from '../contended-trial.js'
import { floor, PROBE } from '../peers/floor.js'
import { buildNativeProgram, nativeProgram } from '../peers/native-program.js'
import { betweenProbes, type Probed, probesOf } from '../probe.js'
import { currentEnvironment, type Environment, type Result, summarize } from '../report.js'
import type { Suite } from '../suite.js'
import { nodeCommand, runTrial, type TrialReport } from '../trial.js'
import { CALL_CASES, CALL_METRICS, CALL_PEERS, type CallCase } from './call-cases.js'
import { callTables, IN_BLOCKS, LINE, NEAR_NS } from './call-tables.js'

const TIMEOUT_SECONDS = 60
/** Peers whose figures are far from all others need no precision. */
const MAX_RUNS_OF_OTHERS = 2

/** Measures calls: a request and its answer. */
export const call: Suite = {
  name: 'call',
  summary: 'request and answer between two processes: round trips, calls a second, parts of streamed answers a second',
  peers: CALL_PEERS,
  special: true,

  async run({ quick, runs, peers, payloads, onProgress }) {
    await floor.prepare?.() // the probes need it
    const environment = currentEnvironment()
    const lines = CALL_CASES.filter(
      ({ peer, payload, onRequest = false, slow = false }) =>
        (peers?.includes(peer) ?? true) && (payloads?.includes(payload) ?? !onRequest) && !(quick && slow),
    ).map((each) => ({ each, done: [] as Probed<TrialReport>[] }))
    if (lines.some(({ each }) => each.peer === 'C++')) await buildNativeProgram('call')
    for (let run = 0; run < runs; run++) {
      for (const { each, done } of lines) {
        const isOther = each.peer !== 'C++' && each.peer !== 'memlane'
        if (run >= (isOther ? MAX_RUNS_OF_OTHERS : Infinity)) continue
        onProgress(`call: ${each.peer}, ${variantOf(each)}, ${each.payload} B, ${each.metric}, run ${run + 1}`)
        const measure = () =>
          besideBurners(each.burners ?? 0, TIMEOUT_SECONDS, () =>
            runTrial<TrialReport>(commandOf(each, quick), { timeoutSeconds: TIMEOUT_SECONDS }),
          )
        try {
          done.push(await (quick ? betweenProbes(measure, undefined, 1) : betweenProbes(measure)))
        } catch (error) {
          process.exitCode = 1
          console.error((error as Error).message)
        }
      }
    }
    return lines.flatMap(({ each, done }) => resultsOf(each, done, environment))
  },

  table: callTables,
}

/** The results of a case: of its near runs, and of its far ones. Disturbed runs count only if there are no others. */
function resultsOf(each: CallCase, done: readonly Probed<TrialReport>[], environment: Environment): Result[] {
  const steady = done.filter((run) => run.steady)
  const kept = steady.length === 0 ? done : steady
  const isNear = ({ probes }: Probed<TrialReport>) => Math.max(...probes) < NEAR_NS
  return [
    { state: 'near', runs: kept.filter(isNear) },
    { state: 'far', runs: kept.filter((run) => !isNear(run)) },
  ].flatMap(({ state, runs }) => (runs.length === 0 ? [] : figuresOf(each, state, runs, environment)))
}

function figuresOf(
  each: CallCase,
  state: string,
  runs: readonly Probed<TrialReport>[],
  environment: Environment,
): Result[] {
  const reports = runs.map(({ value }) => value)
  const common = {
    ...{ suite: 'call', peer: each.peer, variant: `${variantOf(each)} (${state})`, payload: each.payload },
    environment: { ...environment, probes: probesOf(runs) },
  }
  if (each.work !== 'round trips') {
    // The server is the last spoke. It receives no answers.
    const rates = reports.map(({ hub, spokes }) =>
      [hub, ...spokes.slice(0, -1)].reduce((sum, { messages, seconds }) => sum + messages / seconds, 0),
    )
    const figures = { ...summarize(rates), p50: null, p99: null, p999: null }
    return [{ ...common, metric: each.metric, unit: '1/s', ...figures }]
  }
  const trips = reports.map(({ hub }) => {
    if (hub.roundTrip === undefined) throw new Error('the client reports no round trips')
    return hub.roundTrip
  })
  const over = (key: 'block' | 'mean' | 'p50' | 'p99' | 'p999') => summarize(trips.map((trip) => trip[key]))
  const [mean, p50, p99, p999] = [over('mean'), over('p50'), over('p99'), over('p999')]
  const parts = { mean: mean.median, p50: p50.median, p99: p99.median, p999: p999.median }
  const singles: Result = { ...common, metric: each.metric, unit: 'ns', ...p50, ...parts }
  if (each.metric !== CALL_METRICS.spinning) return [singles]
  return [singles, { ...common, metric: IN_BLOCKS, unit: 'ns', ...over('block'), p50: null, p99: null, p999: null }]
}

function variantOf({ way, work, inFlight = 1, clients = 1 }: CallCase): string {
  if (work !== 'calls') return way
  return `${way}; ${inFlight} in flight, ${clients} client${clients === 1 ? '' : 's'}`
}

let count = 0
const nextName = () => `memlane-bench-call-${process.pid}-${++count}`

function commandOf(each: CallCase, quick: boolean): readonly string[] {
  const times = quick ? { warmUpSeconds: 0.1, seconds: 0.2 } : { warmUpSeconds: 1, seconds: 1 }
  if (each.peer === 'C++') {
    if (each.way === LINE) return floor.command({ ...PROBE, ...times })
    return [nativeProgram('call'), ...Object.entries(times).map(([key, value]) => `${key}=${value}`)]
  }
  const { peer, way, work, payload, clients = 1, inFlight = 1, pauseMs = 0 } = each
  const trial: CallTrial = { peer, way, work, payload, clients, inFlight, pauseMs, ...times, name: nextName() }
  return nodeCommand('../calls/call.trial.ts', import.meta.url, ['hub', JSON.stringify(trial)])
}
