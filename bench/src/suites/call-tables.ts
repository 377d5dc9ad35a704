import { markdownTable, type Result } from '../report.js'
import { groupBy } from '../tables.js'
import { CALL_METRICS } from './call-cases.js'

/** The way of the peer C++ that shows the limit. */
export const LINE = 'one cache line'
/** A round trip that was timed together with 63 others. */
export const IN_BLOCKS = 'round trip, both spin, clock read once in 64'
/** The system places two processes near each other or far apart. Below so many ns for the round trip of one cache line, they are near. */
export const NEAR_NS = 200

/** Makes the tables of the suite `call`: one for each metric. */
export function callTables(results: readonly Result[]): string {
  const byMetric = groupBy(results, ({ metric }) => metric)
  return Object.values(CALL_METRICS)
    .flatMap((metric) => {
      const rows = byMetric.get(metric)
      if (rows === undefined) return []
      const table =
        metric === CALL_METRICS.spinning
          ? spinningTable(rows, byMetric.get(IN_BLOCKS) ?? [])
          : rows[0]?.unit === '1/s'
            ? rateTable(metric, rows)
            : tripTable(rows)
      return [`### ${metric}\n\n${table}`]
    })
    .join('\n\n')
}

/** Compares each line of the smallest messages with the cache line of the same state. */
function spinningTable(trips: readonly Result[], blocks: readonly Result[]): string {
  const lineOf = (lines: readonly Result[], { variant, payload }: Result) =>
    lines.find((line) => line.variant === variant.replace(/^.* \(/, `${LINE} (`) && line.payload === payload)
  const rows = trips.map((trip) => {
    const block = blocks.find((each) => keyOf(each) === keyOf(trip))
    return [
      ...namesOf(trip),
      ns(trip.median),
      ratio(trip, lineOf(trips, trip)),
      ns(trip.mean),
      ns(trip.p99),
      ns(block?.median),
      block === undefined ? '' : ratio(block, lineOf(blocks, block)),
      ...endOf(trip),
    ]
  })
  const header = ['median, ns', 'x of cache line', 'mean', 'p99', 'in blocks', 'x of cache line', 'runs', 'probe']
  return markdownTable(['peer', 'way', 'bytes', ...header], rows)
}

function tripTable(trips: readonly Result[]): string {
  const rows = trips.map((trip) => [...namesOf(trip), ...[trip.median, trip.mean, trip.p99].map(us), ...endOf(trip)])
  return markdownTable(['peer', 'way', 'bytes', 'median, us', 'mean', 'p99', 'runs', 'probe'], rows)
}

function rateTable(metric: string, rates: readonly Result[]): string {
  const rows = rates.map((rate) => {
    const range = `${perSecond(rate.min)} to ${perSecond(rate.max)}`
    return [...namesOf(rate), perSecond(rate.median), range, ...endOf(rate)]
  })
  const unit = metric === CALL_METRICS.parts ? 'parts/s' : 'calls/s'
  return markdownTable(['peer', 'way', 'bytes', unit, 'range', 'runs', 'probe'], rows)
}

const keyOf = ({ peer, variant, payload }: Result) => JSON.stringify([peer, variant, payload])
const namesOf = ({ peer, variant, payload }: Result) => [peer, variant, `${payload}`]
const endOf = (result: Result) => [`${result.runs}`, probeOf(result)]
const ns = (value: number | null | undefined) => value?.toFixed(0) ?? ''
const us = (value: number | null | undefined) => (value == null ? '' : (value / 1000).toFixed(value < 10_000 ? 2 : 1))

function ratio({ median }: Result, line: Result | undefined): string {
  return median && line?.median ? (median / line.median).toFixed(2) : ''
}

function perSecond(rate: number | null): string {
  if (rate === null) return ''
  return rate >= 1e6 ? `${(rate / 1e6).toFixed(2)} M` : `${(rate / 1e3).toFixed(1)} k`
}

function probeOf({ environment: { probes } }: Result): string {
  const ns = probes?.median ?? 0
  return `${ns < 10_000 ? `${ns.toFixed(0)} ns` : `${(ns / 1000).toFixed(0)} us`}${probes?.unsteadyRuns === 0 ? '' : ' *'}`
}
