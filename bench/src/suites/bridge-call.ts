import {
  type BridgeCallReport,
  type DeathReport,
  REQUESTS,
  type RequestKind,
  VICTIMS,
  WAYS,
} from '../bridges/bridge-call-trial.js'
import { currentEnvironment, type Environment, markdownTable, type Result, summarize } from '../report.js'
import type { Suite } from '../suite.js'
import { format } from '../tables.js'
import { nodeCommand, runTrial } from '../trial.js'

const ROUND_TRIP = 'round trip'
const RATE = 'calls'
const DEATH = 'death'
const MAX_DEATHS = 2
const PEERS = {
  'NATS request': "`request` of NATS' own client, to a subscription",
  'call over two bridges': 'client, bridge, NATS, bridge, server: each a process of its own',
}

/** Measures calls over two bridges beside requests of NATS, and what a client sees if something dies. */
export const bridgeCall: Suite = {
  name: 'bridge-call',
  summary: "calls over two bridges and a NATS server, beside NATS' own requests in the same run; deaths during a call",
  peers: PEERS,
  special: true,

  async run({ quick, runs, onProgress }) {
    const environment = currentEnvironment()
    const command = (...args: string[]) => nodeCommand('../bridges/bridge-call.trial.ts', import.meta.url, args)
    onProgress('bridge-call: calls')
    const calls = await runTrial<BridgeCallReport[]>(command('calls', quick ? '0.1' : '1', `${runs}`))
    const deaths: DeathReport[] = []
    for (let run = 0; run < Math.min(runs, MAX_DEATHS); run++) {
      onProgress(`bridge-call: deaths, run ${run + 1}`)
      deaths.push(...(await runTrial<DeathReport[]>(command('deaths'))))
    }
    return [
      ...(Object.keys(REQUESTS) as RequestKind[]).flatMap((request) => callResults(request, calls, environment)),
      ...deathResults(deaths, environment),
    ]
  },

  table(results) {
    const find = (variant: string, peer: string, metric: string) =>
      results.find((each) => each.variant === variant && each.peer === peer && each.metric === metric)
    const rows = Object.keys(REQUESTS).flatMap((variant) =>
      WAYS.map((way) => {
        const trip = find(variant, way, ROUND_TRIP)
        const rate = find(variant, way, RATE)
        const bare = find(variant, WAYS[0], ROUND_TRIP)
        const times = trip?.p50 && bare?.p50 ? (trip.p50 / bare.p50).toFixed(2) : ''
        return [
          variant,
          way,
          spread(trip),
          format(trip?.mean ?? null, 'ns'),
          format(trip?.p99 ?? null, 'ns'),
          times,
          spread(rate),
        ]
      }),
    )
    const deaths = VICTIMS.map((victim) => {
      const found = results.find((each) => each.metric === DEATH && each.variant.startsWith(`${victim}: `))
      const [, seen = ''] = found?.variant.split(': ') ?? []
      return [victim, seen, spread(found)]
    })
    return [
      markdownTable(
        ['request', 'way', 'p50: median (min to max)', 'mean', 'p99', 'p50, NATS request = 1', '64 in flight'],
        rows,
      ),
      'A call that runs, and `kill -9`:',
      markdownTable(['killed', 'the client gets', 'after'], deaths),
    ].join('\n\n')
  },
}

function callResults(request: RequestKind, all: readonly BridgeCallReport[], environment: Environment): Result[] {
  return WAYS.flatMap((way): Result[] => {
    const reports = all.filter((each) => each.request === request && each.way === way)
    const over = (key: 'p50' | 'mean' | 'p99') => summarize(reports.map((each) => each[key])).median
    const size = REQUESTS[request]
    const common = { suite: 'bridge-call', peer: way, variant: request, payload: size === 'json' ? null : size }
    const trip = summarize(reports.map(({ p50 }) => p50))
    const rate = summarize(reports.map((each) => each.rate))
    return [
      {
        ...{ ...common, metric: ROUND_TRIP, unit: 'ns', ...trip },
        ...{ mean: over('mean'), p50: over('p50'), p99: over('p99'), p999: null, environment },
      },
      { ...common, metric: RATE, unit: '1/s', ...rate, p50: null, p99: null, p999: null, environment },
    ]
  })
}

function deathResults(all: readonly DeathReport[], environment: Environment): Result[] {
  return VICTIMS.map((victim) => {
    const reports = all.filter((each) => each.victim === victim)
    const seen = [...new Set(reports.map(({ code, taken }) => `\`${code}\`, ${taken ? '' : 'not '}taken`))].join(' or ')
    return {
      ...{ suite: 'bridge-call', peer: WAYS[1], variant: `${victim}: ${seen}`, payload: null },
      ...{ metric: DEATH, unit: 'ns', ...summarize(reports.map(({ ms }) => ms * 1e6)) },
      ...{ p50: null, p99: null, p999: null, environment },
    }
  })
}

function spread(result: Result | undefined): string {
  if (result === undefined) return ''
  const shown = (value: number | null) => format(value, result.unit)
  return `${shown(result.median)} (${shown(result.min)} to ${shown(result.max)})`
}
