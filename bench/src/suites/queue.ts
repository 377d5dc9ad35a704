import { floor } from '../peers/floor.js'
import { alike, betweenProbes, type Probed, probesOf } from '../probe.js'
import { type BullMqServer, startBullMq } from '../queues/bullmq.js'
import type { QueuePeerName, QueueReport, QueueTrial } from '../queues/queue-trial.js'
import { currentEnvironment, markdownTable, type Result, summarize } from '../report.js'
import type { Suite } from '../suite.js'
import { nodeCommand, runTrial } from '../trial.js'

const PEERS: Readonly<Record<QueuePeerName, string>> = {
  memlane: 'a queue of @memlane/producer and @memlane/consumer',
  zeromq: 'PUSH and PULL sockets of the package zeromq, over ipc://',
  child_process: 'process.send to child processes in turn, as JSON',
  MessagePort: 'postMessage to worker threads in turn',
  BullMQ: 'jobs of the package bullmq, on redis-server at 127.0.0.1',
}

type Case = Pick<QueueTrial, 'peer' | 'variant' | 'producers' | 'consumers' | 'payload'> & { readonly pauseMs?: number }

const memlane = (variant: string, producers: number, consumers: number, payload = 32): Case => {
  return { peer: 'memlane', variant, producers, consumers, payload }
}

/** How each peer hands out its messages, if it has one way. Workers of BullMQ ask for their jobs. */
const WAYS: Readonly<Record<QueuePeerName, string>> = {
  memlane: 'process',
  zeromq: 'round robin',
  child_process: 'round robin',
  MessagePort: 'round robin',
  BullMQ: 'worker',
}

const CASES: readonly Case[] = [
  memlane('one by one, spin', 1, 1),
  ...[32, 1024].flatMap((payload) =>
    ['one by one', 'batch'].flatMap((variant) => [
      ...[1, 2, 4, 8].map((consumers) => memlane(variant, 1, consumers, payload)),
      ...[2, 4].map((producers) => memlane(variant, producers, 1, payload)),
      memlane(variant, 4, 4, payload),
    ]),
  ),
  ...[1, 2, 4, 8].map((consumers) => memlane('process', 1, consumers)),
  memlane('process, spin', 1, 1),
  memlane('process', 1, 1, 1024),
  ...(['zeromq', 'child_process', 'MessagePort', 'BullMQ'] as const).flatMap((peer) =>
    [1, 4].map((consumers) => ({ peer, variant: WAYS[peer], producers: 1, consumers, payload: 32 })),
  ),
  { ...memlane('process, spin', 1, 1), pauseMs: 2 },
  ...(['memlane', 'zeromq', 'child_process', 'MessagePort', 'BullMQ'] as const).map((peer) => {
    return { peer, variant: WAYS[peer], producers: 1, consumers: 1, payload: 32, pauseMs: 2 }
  }),
]

const RATE = 'messages per second'
const DELAY = 'send to handler'

/** Measures queues: each message goes to one of the consumers. */
export const queue: Suite = {
  name: 'queue',
  summary: 'each message to one of several consumers: messages per second, and the time from send to handler',
  peers: PEERS,
  special: true,

  async run({ quick, runs, peers, payloads, onProgress }) {
    await floor.prepare?.() // the probes need it
    const environment = currentEnvironment()
    const results: Result[] = []
    let server: BullMqServer | undefined
    const isWanted = ({ peer, payload }: Case) =>
      (peers?.includes(peer) ?? true) && (payloads?.includes(payload) ?? true)
    let cases = CASES.filter(isWanted)
    if (cases.some(({ peer }) => peer === 'BullMQ')) {
      server = await startBullMq().catch((error: Error) => {
        console.error(`BullMQ is not measured: ${error.message}`)
        return undefined
      })
      if (server === undefined) cases = cases.filter(({ peer }) => peer !== 'BullMQ')
      Object.assign(process.env, server?.env)
    }
    try {
      const reports = cases.map((): Probed<QueueReport>[] => [])
      for (let run = 0; run < runs; run++) {
        for (const [index, each] of cases.entries()) {
          onProgress(`queue: ${titleOf(each)}, run ${run + 1}`)
          reports[index]?.push(await betweenProbes(() => runTrial<QueueReport>(commandOf(each, quick))))
        }
      }
      const kept = alike(reports)
      for (const [index, each] of cases.entries()) {
        const probed = kept[index] ?? []
        const done = probed.map(({ value }) => value)
        const common = {
          ...{ suite: 'queue', peer: each.peer, variant: variantOf(each), payload: each.payload },
          environment: { ...environment, probes: probesOf(probed) },
        }
        if (each.pauseMs === undefined) {
          const rate = summarize(done.map(({ messagesPerSecond }) => messagesPerSecond))
          results.push({ ...common, metric: RATE, unit: '1/s', ...rate, p50: null, p99: null, p999: null })
        } else {
          const [mean, p50, p99] = (['mean', 'p50', 'p99'] as const).map((key) =>
            summarize(done.map(({ delayUs }) => delayUs[key])),
          )
          const figures = p50 as Pick<Result, 'median' | 'min' | 'max' | 'runs'>
          const parts = { mean: mean?.median ?? null, p50: figures.median, p99: p99?.median ?? null, p999: null }
          results.push({ ...common, metric: DELAY, unit: 'us', ...figures, ...parts })
        }
      }
    } finally {
      server?.[Symbol.dispose]()
    }
    return results
  },

  table(results) {
    const rates = results
      .filter(({ metric }) => metric === RATE)
      .map((result) => [
        result.peer,
        result.variant,
        `${result.payload}`,
        perSecond(result.median),
        `${perSecond(result.min)} to ${perSecond(result.max)}`,
        `${result.runs}`,
        probeOf(result),
      ])
    const delays = results
      .filter(({ metric }) => metric === DELAY)
      .map((result) => [
        result.peer,
        result.variant,
        ...[result.p50, result.mean, result.p99].map((us) => us?.toFixed(1) ?? ''),
        probeOf(result),
      ])
    return [
      markdownTable(['peer', 'way', 'bytes', 'messages/s', 'range', 'runs', 'probe'], rates),
      markdownTable(['peer', 'way', 'send to handler, us: median', 'mean', 'p99', 'probe'], delays),
    ].join('\n\n')
  },
}

function perSecond(rate: number | null): string {
  if (rate === null) return ''
  return rate >= 1e6 ? `${(rate / 1e6).toFixed(2)} M` : `${(rate / 1e3).toFixed(1)} k`
}

function probeOf({ environment: { probes } }: Result): string {
  if (probes === undefined) return ''
  const ns = probes.median ?? 0
  return `${ns < 10_000 ? `${ns.toFixed(0)} ns` : `${(ns / 1000).toFixed(0)} us`}${probes.unsteadyRuns === 0 ? '' : ' *'}`
}

function variantOf({ variant, producers, consumers }: Case): string {
  return `${variant}, ${producers} to ${consumers}`
}

let count = 0
const nextName = () => `memlane-bench-queue-${process.pid}-${++count}`

const titleOf = (each: Case) => `${each.peer}, ${variantOf(each)}, ${each.payload} B`

function commandOf(each: Case, quick: boolean): readonly string[] {
  const times = quick ? { warmUpMs: 200, measuredMs: 300 } : { warmUpMs: 500, measuredMs: 1000 }
  const trial: QueueTrial = { ...each, pauseMs: each.pauseMs ?? 0, ...times, name: nextName(), start: 0 }
  return nodeCommand('../queues/queue.trial.ts', import.meta.url, ['coordinator', JSON.stringify(trial)])
}
