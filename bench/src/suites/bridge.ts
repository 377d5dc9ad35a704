import { natsProgram } from '@memlane/testing/nats-program'
import type { CarryReport, CarryTrial, DeadNetworkReport, DeadNetworkTrial, Encoding } from '../bridges/bridge-trial.js'
import { floor } from '../peers/floor.js'
import { betweenProbes, type Probed, probesOf } from '../probe.js'
import { currentEnvironment, type Environment, markdownTable, type Result, summarize } from '../report.js'
import type { Suite } from '../suite.js'
import { format } from '../tables.js'
import { nodeCommand, runTrial } from '../trial.js'

const PEERS = { memlane: 'producer, bridge, server, bridge, consumer', NATS: 'publisher, server, subscriber' } as const
type PeerName = keyof typeof PEERS
const NAMES = Object.keys(PEERS) as PeerName[]

const CASES: readonly { readonly payload: number; readonly encoding: Encoding }[] = [
  ...(['raw', 'json', 'messagepack'] as const).map((encoding) => ({ payload: 32, encoding })),
  { payload: 1024, encoding: 'raw' },
  { payload: 1024, encoding: 'json' },
  { payload: 65_536, encoding: 'raw' },
]
const OVERRUNS = ['block', 'drop', 'spill'] as const

const RATE = 'messages per second'
/** Of one pair of runs: memlane's rate by that of NATS. */
const RATIO = 'ratio'
const LAG_P50 = 'lag, median'
const LAG_P99 = 'lag, p99'
const PROCESSOR = 'processor: '
const DEAD = 'dead network: '
const DEAD_FIGURES: Readonly<Record<keyof DeadNetworkReport, string>> = {
  alivePerSecond: '1/s',
  deadPerSecond: '1/s',
  sent: 'count',
  stored: 'count',
  dropped: 'count',
  spilled: 'count',
  disordered: 'count',
  recoveryMs: 'ms',
}

/** Carries messages over JetStream with bridges, and without them. */
export const bridge: Suite = {
  name: 'bridge',
  summary: 'messages over JetStream: between two channels by bridges, and between two bare programs of NATS',
  peers: PEERS,
  special: true,

  async run({ quick, runs, peers, payloads, onProgress }) {
    await floor.prepare?.() // the probes need it
    process.env.MEMLANE_NATS = natsProgram()
    const environment = currentEnvironment()
    const times = quick ? { warmUpMs: 300, measuredMs: 500 } : { warmUpMs: 500, measuredMs: 2000 }
    const names = NAMES.filter((name) => peers?.includes(name) ?? true)
    const results: Result[] = []
    for (const each of CASES.filter(({ payload }) => payloads?.includes(payload) ?? true)) {
      const done: Record<PeerName, Probed<CarryReport>[]> = { memlane: [], NATS: [] }
      for (let run = 0; run < runs; run++) {
        // Each pair of runs begins with the other peer.
        for (const peer of run % 2 === 0 ? names : names.toReversed()) {
          onProgress(`bridge: ${peer}, ${each.payload} B, ${each.encoding}, run ${run + 1}`)
          const carry = () => trial<CarryReport>('carry', { ...each, peer, ...times })
          done[peer].push(await betweenProbes(carry, undefined, 1)) // the pairs show disturbances
        }
      }
      for (const peer of names) results.push(...carried({ ...each, peer }, done[peer], environment))
      const ratios = done.memlane.map(({ value }, run) => {
        return value.messagesPerSecond / (done.NATS[run]?.value.messagesPerSecond ?? Number.NaN)
      })
      if (names.length === 2) results.push(resultOf({ ...each, peer: 'memlane' }, RATIO, '', ratios, environment))
    }
    if (payloads === undefined && names.includes('memlane')) {
      for (const onOverrun of OVERRUNS) {
        onProgress(`bridge: dead network, ${onOverrun}`)
        const done: DeadNetworkReport[] = []
        for (let run = 0; run < Math.min(runs, 3); run++) {
          done.push(await trial<DeadNetworkReport>('dead', { onOverrun, measuredMs: quick ? 300 : 1000 }))
        }
        for (const [key, unit] of Object.entries(DEAD_FIGURES)) {
          const figures = done.map((report) => report[key as keyof DeadNetworkReport])
          const what = { peer: 'memlane', payload: 32, encoding: onOverrun } as const
          results.push(resultOf(what, `${DEAD}${key}`, unit, figures, environment))
        }
      }
    }
    return results
  },

  table(results) {
    const dead = results.filter(({ metric }) => metric.startsWith(DEAD))
    return [
      carriedTable(results.filter(({ metric }) => !metric.startsWith(DEAD))),
      ...(dead.length > 0 ? [deadTable(dead)] : []),
    ].join('\n\n')
  },
}

function trial<Report>(kind: 'carry' | 'dead', what: CarryTrial | DeadNetworkTrial): Promise<Report> {
  return runTrial<Report>(nodeCommand('../bridges/bridge.trial.ts', import.meta.url, [kind, JSON.stringify(what)]))
}

interface What {
  readonly peer: string
  readonly payload: number
  readonly encoding: string
}

function resultOf(
  { peer, payload, encoding: variant }: What,
  metric: string,
  unit: string,
  figures: readonly number[],
  environment: Environment,
): Result {
  const common = { suite: 'bridge', peer, variant, payload, metric, unit }
  return { ...common, ...summarize(figures), p50: null, p99: null, p999: null, environment }
}

function carried(what: What, done: readonly Probed<CarryReport>[], before: Environment): Result[] {
  const environment = { ...before, probes: probesOf(done) }
  const reports = done.map(({ value }) => value)
  const add = (metric: string, unit: string, figureOf: (report: CarryReport) => number) => {
    return resultOf(what, metric, unit, reports.map(figureOf), environment)
  }
  return [
    add(RATE, '1/s', ({ messagesPerSecond }) => messagesPerSecond),
    add(LAG_P50, 'ns', ({ lagUs }) => lagUs.p50 * 1000),
    add(LAG_P99, 'ns', ({ lagUs }) => lagUs.p99 * 1000),
    ...Object.keys(reports[0]?.processorNs ?? {}).map((name) => {
      return add(`${PROCESSOR}${name}`, 'ns', ({ processorNs }) => processorNs[name] ?? 0)
    }),
  ]
}

function carriedTable(results: readonly Result[]): string {
  const lines = new Map(
    results.map(({ peer, payload, variant }) => [`${payload} B, ${variant}, ${peer}`, { peer, payload, variant }]),
  )
  const rows = [...lines].map(([title, { peer, payload, variant }]) => {
    const all = results.filter((each) => each.peer === peer && each.payload === payload && each.variant === variant)
    const of = (metric: string) => all.find((each) => each.metric === metric)
    const ratio = of(RATIO)
    const processors = all.filter(({ metric }) => metric.startsWith(PROCESSOR))
    const sum = processors.reduce((total, { median }) => total + (median ?? 0), 0)
    return [
      title,
      spread(of(RATE)),
      ratio?.median ? `${ratio.median.toFixed(2)} (${ratio.min?.toFixed(2)} to ${ratio.max?.toFixed(2)})` : '',
      format(of(LAG_P50)?.median ?? null, 'ns'),
      format(of(LAG_P99)?.median ?? null, 'ns'),
      format(sum, 'ns'),
      processors
        .map(({ metric, median }) => `${metric.slice(PROCESSOR.length)} ${((median ?? 0) / 1000).toFixed(1)}`)
        .join(', '),
    ]
  })
  const header = [
    'messages, peer',
    'messages/s',
    'ratio of each pair',
    'lag at 1000/s, median',
    'p99',
    'CPU per message',
  ]
  return markdownTable([...header, 'of each process, us'], rows)
}

function deadTable(results: readonly Result[]): string {
  const rows = [...new Set(results.map(({ variant }) => variant))].map((variant) => {
    const of = (key: keyof DeadNetworkReport) => {
      return results.find((each) => each.variant === variant && each.metric === `${DEAD}${key}`)
    }
    const plain = (key: keyof DeadNetworkReport) => `${Math.round(of(key)?.median ?? 0)}`
    return [
      variant,
      spread(of('alivePerSecond')),
      spread(of('deadPerSecond')),
      ...(['sent', 'stored', 'dropped', 'spilled', 'disordered', 'recoveryMs'] as const).map(plain),
    ]
  })
  const header = ['onOverrun', 'producer, network alive', 'network dead', 'sent', 'stored later', 'dropped', 'spilled']
  return markdownTable([...header, 'out of order', 'all stored after, ms'], rows)
}

function spread(result: Result | undefined): string {
  if (result === undefined) return ''
  const { median, min, max, unit } = result
  return min === max ? format(median, unit) : `${format(median, unit)} (${format(min, unit)} to ${format(max, unit)})`
}
