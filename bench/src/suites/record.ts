import type { RecordingReport, RecordingTrial } from '../recordings/recording-trial.js'
import { currentEnvironment, markdownTable, type Result, summarize } from '../report.js'
import type { Suite } from '../suite.js'
import { nodeCommand, runTrial } from '../trial.js'

/** Bytes of a message. */
const PAYLOAD = 256
const METRICS = {
  lost: 'messages',
  processor: '% of a CPU',
  file: 'bytes per message',
  'late (median)': 'us',
  'late (p99)': 'us',
  wrong: 'messages',
} as const
type Metric = keyof typeof METRICS

const CASES = [
  { encode: 'json', rate: 100_000, seconds: 60 },
  { encode: 'protobuf', rate: 100_000, seconds: 5 },
  { encode: 'raw', rate: 100_000, seconds: 5 },
  { encode: 'json', rate: 1000, seconds: 5 },
] as const

/** Records messages, and replays them. */
export const record: Suite = {
  name: 'record',
  summary: 'a recorder of messages of 256 bytes, and a replay of what it has recorded',
  peers: { memlane: '`record` and `replay` of @memlane/record, each `encode`; zstd' },
  special: true,

  async run({ quick, runs, onProgress }) {
    const environment = currentEnvironment()
    const results: Result[] = []
    for (const each of CASES) {
      const trial: RecordingTrial = { ...each, ...(quick && { seconds: 1 }), replaySeconds: quick ? 1 : 5 }
      const done: RecordingReport[] = []
      // A disturbed trial of a minute is not repeated, as other suites do.
      for (let run = 0; run < Math.min(runs, 1); run++) {
        onProgress(`record: ${titleOf(trial)}`)
        const command = nodeCommand('../recordings/record.trial.ts', import.meta.url, [
          'recorder',
          JSON.stringify(trial),
        ])
        done.push(await runTrial<RecordingReport>(command))
      }
      for (const metric of Object.keys(METRICS) as Metric[]) {
        results.push({
          ...{ suite: 'record', peer: 'memlane', variant: titleOf(trial), payload: PAYLOAD },
          ...{ metric, unit: METRICS[metric], p50: null, p99: null, p999: null },
          ...summarize(done.map((report) => figureOf(report, metric))),
          environment,
        })
      }
    }
    return results
  },

  table(results) {
    const variants = [...new Set(results.map(({ variant }) => variant))]
    const rows = variants.map((variant) => {
      const figures = Object.keys(METRICS).map((metric) => {
        const found = results.find((each) => each.variant === variant && each.metric === metric)
        return found?.median === null || found === undefined ? '' : `${Math.round(found.median)}`
      })
      return [variant, ...figures]
    })
    const header = Object.entries(METRICS).map(([metric, unit]) => `${metric}, ${unit}`)
    return markdownTable(['recording', ...header], rows)
  },
}

function titleOf({ encode, rate, seconds }: RecordingTrial): string {
  return `${encode}, ${rate} messages/s, ${seconds} s`
}

function figureOf(report: RecordingReport, metric: Metric): number {
  const { sent, recorded, lost, seconds, processorNs, bytes, wrong, lateMedianUs, lateP99Us } = report
  switch (metric) {
    case 'lost':
      return lost + Math.abs(sent - recorded - lost)
    case 'processor':
      return processorNs / 1e7 / seconds
    case 'file':
      return bytes / recorded
    case 'late (median)':
      return lateMedianUs
    case 'late (p99)':
      return lateP99Us
    case 'wrong':
      return wrong
  }
}
