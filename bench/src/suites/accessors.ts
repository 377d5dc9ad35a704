import { currentEnvironment, markdownTable, type Result, summarize } from '../report.js'
import type { Suite } from '../suite.js'
import { nodeCommand, runTrial } from '../trial.js'
import { type AccessorMeasurements, OBJECT_VARIANTS, VARIANTS } from './accessor-variants.js'

const PEERS = {
  memlane: "a struct of @memlane/protocol over @memlane/core's mapped memory: its accessor, or a whole object",
  closures: 'whole objects of memlane with --disallow-code-generation-from-strings',
  dataview: 'the bare DataView calls, at the same offset of the same memory',
}

/**
 * Measures the cost of reading or writing a field through an accessor. Peers take turns, trial by trial, each in a fresh
 * process. The ratio compares the medians.
 */
export const accessors: Suite = {
  name: 'accessors',
  summary: 'a field or all five of a struct in mapped memory, read and written: time and garbage per access',
  peers: PEERS,

  async run({ quick, runs, peers, payloads, onProgress }) {
    const environment = currentEnvironment()
    const measuredPeers = Object.keys(PEERS).filter((peer) => peers?.includes(peer) ?? true)
    const accessCount = quick ? 1_000_000 : 10_000_000
    const results: Result[] = []
    for (const [variant, payload] of Object.entries(VARIANTS)) {
      if (!(payloads?.includes(payload) ?? true)) continue
      onProgress(`accessors: ${variant}`)
      const isObject = OBJECT_VARIANTS.some((each) => each === variant)
      const takingPart = measuredPeers.filter((peer) => isObject || peer !== 'closures')
      const measured = new Map<string, AccessorMeasurements[]>(takingPart.map((peer) => [peer, []]))
      for (let run = 0; run < runs; run++) {
        for (const [peer, measurements] of measured) {
          measurements.push(await runTrial<AccessorMeasurements>(commandOf(peer, variant, accessCount)))
        }
      }
      for (const [peer, measurements] of measured) {
        const result = (metric: string, unit: string, values: number[]): Result => ({
          ...{ suite: 'accessors', peer, variant, payload, metric, unit, ...summarize(values) },
          ...{ p50: null, p99: null, p999: null, environment },
        })
        results.push(
          result(
            'time per access',
            'ns',
            measurements.map((each) => each.ns),
          ),
          result(
            `heap growth over ${accessCount} accesses`,
            'bytes',
            measurements.map((each) => each.heapGrowth),
          ),
          result(
            `collections over ${accessCount} accesses`,
            'count',
            measurements.map((each) => each.collections),
          ),
        )
      }
    }
    return results
  },

  table(results) {
    const find = (peer: string, variant: string, metric: string) =>
      results.find((each) => each.peer === peer && each.variant === variant && each.metric.startsWith(metric))
    const number = (value: number | null | undefined, digits: number) => value?.toFixed(digits) ?? ''
    const rows = Object.keys(VARIANTS).map((variant) => {
      const [memlane, closures, dataview] = ['memlane', 'closures', 'dataview'].map((peer) =>
        find(peer, variant, 'time'),
      )
      const [heap, collections] = ['heap', 'collections'].map((metric) => find('memlane', variant, metric))
      const [peerHeap, peerCollections] = ['heap', 'collections'].map((metric) => find('dataview', variant, metric))
      const ns = (result: Result | undefined) =>
        result && `${number(result.median, 2)} (${number(result.min, 2)} to ${number(result.max, 2)})`
      const garbage = (growth: Result | undefined, count: Result | undefined) =>
        `${number(growth?.median, 0)} (${number(count?.median, 0)})`
      const ratio = (memlane?.median ?? Number.NaN) / (dataview?.median ?? Number.NaN)
      return [
        variant,
        ns(memlane) ?? '',
        ns(closures) ?? '',
        ns(dataview) ?? '',
        ratio.toFixed(2),
        garbage(heap, collections),
        garbage(peerHeap, peerCollections),
      ]
    })
    const header = [
      'access',
      'memlane, ns: median (min to max)',
      'closures, ns: median (min to max)',
      'DataView, ns: median (min to max)',
      'memlane / DataView',
      'memlane, bytes of heap (collections)',
      'DataView, bytes of heap (collections)',
    ]
    return markdownTable(header, rows)
  },
}

function commandOf(peer: string, variant: string, accessCount: number): readonly string[] {
  const command = nodeCommand('./accessors.trial.ts', import.meta.url, [peer, variant, String(accessCount)])
  if (peer !== 'closures') return command
  return [...command.slice(0, 1), '--disallow-code-generation-from-strings', ...command.slice(1)]
}
