import { floor } from '../peers/floor.js'
import { alike, betweenProbes, type Probed, probesOf } from '../probe.js'
import { currentEnvironment, markdownTable, type Result, summarize } from '../report.js'
import type { Suite } from '../suite.js'
import { nodeCommand, runTrial } from '../trial.js'
import type { WatcherReport } from './watchers.trial.js'

const PEERS = {
  nobody: 'a producer and a consumer, which spins, and no watcher',
  top: '`memlane top` looks at all memory once a second',
  'tail, no match': '`memlane tail` decodes what it sees, and prints nothing (`--where`)',
  tail: '`memlane tail --json` prints what it sees',
  'a busy process': 'an empty loop, for comparison: it only takes CPU time',
}

const METRICS = {
  rate: 'messages per second',
  'rate of CPU': 'messages per second of CPU time of the producer',
} as const

/** Measures a stream at full rate while the command line watches it. Each trial runs in fresh processes. */
export const watchers: Suite = {
  name: 'watchers',
  summary: 'a stream of 32-byte messages at full rate, with and without `memlane top` and `memlane tail` watching',
  peers: PEERS,
  special: true,

  async run({ quick, runs, peers, onProgress }) {
    const environment = currentEnvironment()
    const seconds = quick ? 0.3 : 3
    await floor.prepare?.() // the probes need it
    const lines = Object.keys(PEERS)
      .filter((peer) => peers?.includes(peer) ?? true)
      .map((peer) => ({ peer, done: [] as Probed<WatcherReport>[] }))
    for (let run = 0; run < runs; run++) {
      for (const { peer, done } of lines) {
        onProgress(`watchers: ${peer}, run ${run + 1}`)
        const command = nodeCommand('./watchers.trial.ts', import.meta.url, [peer, `${seconds}`])
        done.push(await betweenProbes(() => runTrial<WatcherReport>(command)))
      }
    }
    const kept = alike(lines.map(({ done }) => done))
    return lines.flatMap(({ peer }, index) => {
      const done = kept[index] ?? []
      return Object.values(METRICS).map((metric): Result => {
        const figures = done.map(({ value: { messages, seconds, processorSeconds } }) => {
          return messages / (metric === METRICS.rate ? seconds : processorSeconds)
        })
        return {
          ...{ suite: 'watchers', peer, variant: '', payload: 32, metric, unit: '/s' },
          ...{ ...summarize(figures), p50: null, p99: null, p999: null },
          environment: { ...environment, probes: probesOf(done) },
        }
      })
    })
  },

  table(results) {
    const find = (peer: string, metric: string) => results.find((each) => each.peer === peer && each.metric === metric)
    const million = (value: number | null | undefined) => ((value ?? Number.NaN) / 1e6).toFixed(1)
    const cells = (peer: string, metric: string) => {
      const [result, alone] = [find(peer, metric), find('nobody', metric)]
      const ratio = (result?.median ?? Number.NaN) / (alone?.median ?? Number.NaN)
      return [
        `${million(result?.median)} (${million(result?.min)} to ${million(result?.max)})`,
        Number.isNaN(ratio) ? '' : ratio.toFixed(2),
      ]
    }
    const rows = Object.keys(PEERS)
      .filter((peer) => find(peer, METRICS.rate) !== undefined)
      .map((peer) => [peer, ...Object.values(METRICS).flatMap((metric) => cells(peer, metric))])
    return markdownTable(
      ['watcher', ...Object.values(METRICS).flatMap((metric) => [`million ${metric}: median (min to max)`, 'ratio'])],
      rows,
    )
  },
}
