import { buildNativeProgram, nativeProgram } from '../peers/native-program.js'
import { currentEnvironment, markdownTable, type Result, summarize } from '../report.js'
import type { Suite } from '../suite.js'
import { nodeCommand, runTrial, type TrialReport } from '../trial.js'

const PEERS = {
  memlane: 'a latest: `read` in place of 64 bytes, `get` of more; `fill` of 64 bytes, `set` of more',
  accessors: 'the accessors alone, over the same kind of memory: no version is checked',
  seqlock: 'a seqlock in C++',
}

const PAYLOADS = [64, 1024, 65_536, 1_048_576]
const WORKS = { idle: 'a read, idle', contended: 'a read under a writer at full rate', write: 'a write' } as const
type Work = keyof typeof WORKS

const isMeasured = (peer: string, payload: number, work: Work) =>
  peer !== 'accessors' || (payload === 64 && work !== 'contended')

/** Measures reads and writes of a newest value. Each trial runs in fresh processes. */
export const latest: Suite = {
  name: 'latest',
  summary: 'reads of a newest value, idle and under a writer at full rate, and writes',
  peers: PEERS,

  async run({ quick, runs, peers, payloads, onProgress }) {
    const environment = currentEnvironment()
    const seconds = quick ? 0.05 : 0.5
    await buildNativeProgram('seqlock')
    const results: Result[] = []
    for (const payload of PAYLOADS.filter((each) => payloads?.includes(each) ?? true)) {
      for (const work of Object.keys(WORKS) as Work[]) {
        for (const peer of Object.keys(PEERS).filter((each) => peers?.includes(each) ?? true)) {
          if (!isMeasured(peer, payload, work)) continue
          onProgress(`latest: ${peer}, ${payload} bytes, ${work}`)
          const times: number[] = []
          for (let run = 0; run < runs; run++) {
            const { hub } = await runTrial<TrialReport>(commandOf(peer, payload, work, seconds))
            times.push((hub.seconds * 1e9) / hub.messages)
          }
          results.push({
            ...{ suite: 'latest', peer, variant: work, payload, metric: 'time', unit: 'ns', ...summarize(times) },
            ...{ p50: null, p99: null, p999: null, environment },
          })
        }
      }
    }
    return results
  },

  table(results) {
    const find = (peer: string, payload: number, work: string) =>
      results.find((each) => each.peer === peer && each.payload === payload && each.variant === work)
    const time = (result: Result | undefined) =>
      result === undefined
        ? ''
        : `${result.median?.toFixed(1)} (${result.min?.toFixed(1)} to ${result.max?.toFixed(1)})`
    const rows = PAYLOADS.flatMap((payload) =>
      Object.entries(WORKS).map(([work, name]) => [
        `${payload}`,
        name,
        ...Object.keys(PEERS).map((peer) => time(find(peer, payload, work))),
      ]),
    )
    return markdownTable(
      ['bytes', 'what', ...Object.keys(PEERS).map((peer) => `${peer}, ns: median (min to max)`)],
      rows,
    )
  },
}

function commandOf(peer: string, payload: number, work: Work, seconds: number): readonly string[] {
  if (peer === 'seqlock') return [nativeProgram('seqlock'), `payload=${payload}`, `work=${work}`, `seconds=${seconds}`]
  return nodeCommand('./latest.trial.ts', import.meta.url, [peer, `${payload}`, work, `${seconds}`])
}
