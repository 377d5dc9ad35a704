import { floor } from '../peers/floor.js'
import { buildNativeProgram, nativeProgram } from '../peers/native-program.js'
import { alike, betweenProbes, type Probed, probesOf } from '../probe.js'
import { currentEnvironment, markdownTable, type Result, summarize } from '../report.js'
import type { Suite } from '../suite.js'
import { nodeCommand, runTrial, type TrialReport } from '../trial.js'

const PEERS = {
  memlane: 'a latest: `read` in place of 64 bytes, and into an array of more; `fill` of 64 bytes, `set` of more',
  accessors: 'the accessors alone, over the same kind of memory: no version is checked',
  seqlock: 'a seqlock in C++',
}

const PAYLOADS = [64, 1024, 65_536, 1_048_576]
const WORKS = {
  idle: 'a read, idle',
  contended: 'a read under a writer at full rate',
  get: 'a plain copy by `get`, idle',
  write: 'a write',
} as const
type Work = keyof typeof WORKS

const isMeasured = (peer: string, payload: number, work: Work) =>
  peer === 'memlane' || (work !== 'get' && (peer === 'seqlock' || (payload === 64 && work !== 'contended')))

/** Measures reads and writes of a newest value. Each trial runs in fresh processes. */
export const latest: Suite = {
  name: 'latest',
  summary: 'reads of a newest value, idle and under a writer at full rate, and writes',
  peers: PEERS,

  async run({ quick, runs, peers, payloads, onProgress }) {
    const environment = currentEnvironment()
    const seconds = quick ? 0.05 : 0.5
    await buildNativeProgram('seqlock')
    await floor.prepare?.() // the probes need it
    const lines = PAYLOADS.filter((each) => payloads?.includes(each) ?? true).flatMap((payload) =>
      (Object.keys(WORKS) as Work[]).flatMap((work) =>
        Object.keys(PEERS)
          .filter((peer) => (peers?.includes(peer) ?? true) && isMeasured(peer, payload, work))
          .map((peer) => ({ peer, payload, work, done: [] as Probed<number>[] })),
      ),
    )
    for (let run = 0; run < runs; run++) {
      for (const { peer, payload, work, done } of lines) {
        onProgress(`latest: ${peer}, ${payload} bytes, ${work}, run ${run + 1}`)
        const measure = async () => {
          const { hub } = await runTrial<TrialReport>(commandOf(peer, payload, work, seconds))
          return (hub.seconds * 1e9) / hub.messages
        }
        done.push(await betweenProbes(measure))
      }
    }
    const kept = alike(lines.map(({ done }) => done))
    return lines.map(({ peer, payload, work }, index): Result => {
      const done = kept[index] ?? []
      return {
        ...{ suite: 'latest', peer, variant: work, payload, metric: 'time', unit: 'ns' },
        ...{ ...summarize(done.map(({ value }) => value)), p50: null, p99: null, p999: null },
        environment: { ...environment, probes: probesOf(done) },
      }
    })
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
        probeOf(find('memlane', payload, work)),
      ]),
    )
    return markdownTable(
      ['bytes', 'what', ...Object.keys(PEERS).map((peer) => `${peer}, ns: median (min to max)`), 'probe'],
      rows,
    )
  },
}

function probeOf(result: Result | undefined): string {
  const probes = result?.environment.probes
  return probes === undefined ? '' : `${probes.median?.toFixed(0)} ns${probes.unsteadyRuns === 0 ? '' : ' *'}`
}

function commandOf(peer: string, payload: number, work: Work, seconds: number): readonly string[] {
  if (peer === 'seqlock') return [nativeProgram('seqlock'), `payload=${payload}`, `work=${work}`, `seconds=${seconds}`]
  return nodeCommand('./latest.trial.ts', import.meta.url, [peer, `${payload}`, work, `${seconds}`])
}
