import { MEAN_ROUND_TRIP } from './metrics.js'
import { markdownTable, type Result } from './report.js'

/** The `metric` of a result that says why a peer could not be measured. */
export const NOT_MEASURED = 'not measured'

/** A variant of a peer with which others of the same case are compared. */
export interface Reference {
  readonly peer: string
  readonly variant: string
}

/** Formats a figure with three digits and its unit. */
export function format(value: number | null, unit: string): string {
  if (value === null) return ''
  if (unit === 'count') return value.toLocaleString('en')
  const [scaled, suffix] = scale(value, unit)
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(scaled), 0.001))))
  return `${scaled.toFixed(Math.min(digits, 3))}${suffix === '' ? '' : ` ${suffix}`}`
}

const SCALES: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  '1/s': [
    [1e6, 'M/s'],
    [1e3, 'k/s'],
    [1, '/s'],
  ],
  ns: [
    [1e6, 'ms'],
    [1e3, 'µs'],
    [1, 'ns'],
  ],
  bytes: [
    [1024 ** 2, 'MiB'],
    [1024, 'KiB'],
    [1, 'B'],
  ],
}

function scale(value: number, unit: string): readonly [number, string] {
  const scales = SCALES[unit] ?? [[1, unit]]
  const [factor, suffix] = scales.find(([factor]) => Math.abs(value) >= factor) ?? scales.at(-1) ?? [1, unit]
  return [value / factor, suffix]
}

/** Tells how many times as fast as the reference a result is. Above 1 is faster, for times and for rates. */
export function speed(result: Result, reference: Result | undefined): number | undefined {
  if (result.median === null || !reference?.median || result.metric !== reference.metric) return undefined
  return result.unit === '1/s' ? result.median / reference.median : reference.median / result.median
}

/** Makes a table per case, with a line per variant. */
export function caseTables(results: readonly Result[], references: readonly Reference[]): string {
  const sections = groupBy(measured(results), (result) => heading(result.payload, caseOf(result)))
  const tables = [...sections].map(([title, section]) => `### ${title}\n\n${caseTable(section, references)}`)
  return [...tables, ...reasons(results)].join('\n\n')
}

const PERCENTILES = { mean: ['mean', 'p99', 'p99.9'], p50: ['p50', 'p99', 'p99.9'] }

/** The figure that a table shows beside the main one: the median beside a mean, and otherwise the mean. */
function keyOfMiddle(metric: string): 'mean' | 'p50' {
  return metric === MEAN_ROUND_TRIP ? 'p50' : 'mean'
}

function caseTable(section: readonly Result[], references: readonly Reference[]): string {
  const metrics = distinct(section.map(({ metric }) => metric))
  const withPercentiles = metrics.filter((metric) =>
    section.some((each) => each.metric === metric && each.p99 !== null),
  )
  const present = references.filter((reference) => section.some((each) => isReference(each, reference)))
  const header = [
    'peer, variant',
    ...metrics.flatMap((metric) => [
      `${metric}: median (min to max)`,
      ...(withPercentiles.includes(metric) ? PERCENTILES[keyOfMiddle(metric)] : []),
    ]),
    ...present.map(({ peer, variant }) => `speed, ${peer} ${variant} = 1`),
    'probe',
  ]
  const rows = [...groupBy(section, nameOf)].map(([name, figures]) => {
    const figureOf = (metric: string) => figures.find((each) => each.metric === metric)
    return [
      name,
      ...metrics.flatMap((metric) => {
        const figure = figureOf(metric)
        const middle = figure?.[keyOfMiddle(metric)]
        const percentiles = [middle, figure?.p99, figure?.p999].map((value) =>
          format(value ?? null, figure?.unit ?? ''),
        )
        return [range(figure), ...(withPercentiles.includes(metric) ? percentiles : [])]
      }),
      ...present.map((reference) => {
        const of = section.find((each) => isReference(each, reference) && each.metric === metrics[0])
        const figure = figureOf(metrics[0] ?? '')
        return formatSpeed(figure && speed(figure, of))
      }),
      probeOf(figures[0]),
    ]
  })
  return markdownTable(header, rows)
}

/** Makes a table per payload and metric, with a line per variant and a column per case. */
export function peerTables(results: readonly Result[]): string {
  const sections = groupBy(measured(results), ({ payload, metric }) => heading(payload, metric))
  const tables = [...sections].map(([title, section]) => {
    const cases = distinct(section.map(caseOf))
    const rows = [...groupBy(section, nameOf)].map(([name, figures]) => {
      const figureOf = (which: string) => figures.find((each) => caseOf(each) === which)
      return [name, ...cases.map((which) => `${range(figureOf(which))}${isSteady(figureOf(which)) ? '' : ' *'}`)]
    })
    return `### ${title}\n\n${markdownTable(['peer, variant', ...cases], rows)}`
  })
  return [...tables, ...reasons(results)].join('\n\n')
}

/** Returns the text in parentheses behind a variant. */
export function caseOf({ variant }: Result): string {
  return /\(([^()]*)\)$/.exec(variant)?.[1] ?? ''
}

/** Returns peer and variant, without the case. */
export function nameOf({ peer, variant }: Result): string {
  return `${peer}, ${variant.replace(/ \([^()]*\)$/, '')}`
}

export function heading(payload: number | null, what: string): string {
  const size = payload === null ? '' : format(payload, 'bytes').replace(/\.0+ /, ' ')
  return [size, what].filter((part) => part !== '').join(', ')
}

/** Returns the results that have a figure. */
export function measured(results: readonly Result[]): readonly Result[] {
  return results.filter(({ metric }) => metric !== NOT_MEASURED)
}

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    groups.set(key, [...(groups.get(key) ?? []), item])
  }
  return groups
}

function reasons(results: readonly Result[]): string[] {
  return results
    .filter(({ metric }) => metric === NOT_MEASURED)
    .map(({ peer, variant }) => `${peer}: not measured: ${variant}`)
}

function isReference(result: Result, { peer, variant }: Reference): boolean {
  return nameOf(result) === `${peer}, ${variant}`
}

function range(result: Result | undefined): string {
  if (result === undefined) return ''
  const { median, min, max, unit } = result
  return min === max ? format(median, unit) : `${format(median, unit)} (${format(min, unit)} to ${format(max, unit)})`
}

function formatSpeed(value: number | undefined): string {
  if (value === undefined) return ''
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(value >= 0.1 ? 2 : 4)
}

function probeOf(result: Result | undefined): string {
  const probes = result?.environment.probes
  return probes === undefined ? '' : `${format(probes.median, 'ns')}${isSteady(result) ? '' : ' *'}`
}

function isSteady(result: Result | undefined): boolean {
  return (result?.environment.probes?.unsteadyRuns ?? 0) === 0
}

function distinct<T>(items: readonly T[]): T[] {
  return [...new Set(items)]
}
