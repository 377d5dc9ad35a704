import { currentEnvironment, markdownTable, type Result, summarize } from '../report.js'
import type { Suite } from '../suite.js'
import { nodeCommand, runTrial } from '../trial.js'
import type { Slice, WatcherReport } from './watchers.trial.js'

const PEERS = {
  top: '`memlane top` looks at all memory once a second',
  'tail, no match': '`memlane tail` decodes what it sees, and prints nothing (`--where`)',
  tail: '`memlane tail --json` prints what it sees',
  'a busy process': 'an empty loop, for comparison: it only takes CPU time',
}

const ALONE = 'alone'
const WATCHED = 'watched'
const RATIO = 'ratio'
const CPU_RATIO = 'ratio by CPU time'

/**
 * Measures a stream at full rate while the command line watches it. The watcher is stopped every other second, so each second with it
 * stands beside one without it, on the same CPUs and under the same load.
 */
export const watchers: Suite = {
  name: 'watchers',
  summary: 'a stream of 32-byte messages at full rate, with and without `memlane top` and `memlane tail` watching',
  peers: PEERS,
  special: true,

  async run({ quick, runs, peers, onProgress }) {
    const environment = currentEnvironment()
    const [pairs, seconds] = quick ? [2, 0.1] : [5, 1]
    const lines = Object.keys(PEERS)
      .filter((peer) => peers?.includes(peer) ?? true)
      .map((peer) => ({ peer, slices: [] as WatcherReport[number][] }))
    for (let run = 0; run < runs; run++) {
      for (const { peer, slices } of lines) {
        onProgress(`watchers: ${peer}, run ${run + 1}`)
        const command = nodeCommand('./watchers.trial.ts', import.meta.url, [peer, `${pairs}`, `${seconds}`])
        slices.push(...(await runTrial<WatcherReport>(command)))
      }
    }
    return lines.flatMap(({ peer, slices }) => {
      const figures = {
        [ALONE]: slices.map(({ alone }) => rateOf(alone)),
        [WATCHED]: slices.map(({ watched }) => rateOf(watched)),
        [RATIO]: slices.map(({ alone, watched }) => rateOf(watched) / rateOf(alone)),
        [CPU_RATIO]: slices.map(({ alone, watched }) => rateOfCpu(watched) / rateOfCpu(alone)),
      }
      return Object.entries(figures).map(([metric, values]): Result => {
        const unit = metric === ALONE || metric === WATCHED ? '/s' : ''
        return {
          ...{ suite: 'watchers', peer, variant: '', payload: 32, metric, unit },
          ...{ ...summarize(values), p50: null, p99: null, p999: null },
          environment,
        }
      })
    })
  },

  table(results) {
    const cell = (peer: string, metric: string, digits: number, divisor = 1) => {
      const found = results.find((each) => each.peer === peer && each.metric === metric)
      const shown = (value: number | null | undefined) => ((value ?? Number.NaN) / divisor).toFixed(digits)
      return `${shown(found?.median)} (${shown(found?.min)} to ${shown(found?.max)})`
    }
    const rows = [...new Set(results.map(({ peer }) => peer))].map((peer) => [
      peer,
      cell(peer, ALONE, 1, 1e6),
      cell(peer, WATCHED, 1, 1e6),
      cell(peer, RATIO, 2),
      cell(peer, CPU_RATIO, 2),
    ])
    return markdownTable(
      ['watcher', 'alone, million/s: median (min to max)', 'watched, million/s', RATIO, CPU_RATIO],
      rows,
    )
  },
}

const rateOf = ({ messages, seconds }: Slice) => messages / seconds
const rateOfCpu = ({ messages, processorSeconds }: Slice) => messages / processorSeconds
