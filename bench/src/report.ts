import { cpus, release } from 'node:os'

/** One figure of one peer, as it is written to JSON. A field that does not apply is null. */
export interface Result {
  suite: string
  peer: string
  /** The way of using the peer. */
  variant: string
  /** Bytes per operation. */
  payload: number | null
  metric: string
  unit: string
  median: number | null
  min: number | null
  max: number | null
  /** Of single round trips, like the percentiles. Results of earlier versions have no mean. */
  mean?: number | null
  p50: number | null
  p99: number | null
  p999: number | null
  /** How many runs `median`, `min` and `max` come from. */
  runs: number
  environment: Environment
}

/** The machine on which the figures were measured. */
export interface Environment {
  node: string
  v8: string
  system: string
  processor: string
  processorCount: number
  date: string
  /** The round trips of one cache line, measured before and after each run. */
  probes?: Probes
}

interface Probes {
  /** In ns, like `min` and `max`. */
  median: number | null
  min: number | null
  max: number | null
  /** How many runs still had, after three attempts, probes that differed by more than 1.5 times or took over 10 µs. */
  unsteadyRuns: number
}

/** Describes this machine and this version of Node. */
export function currentEnvironment(): Environment {
  const processors = cpus()
  return {
    node: process.versions.node,
    v8: process.versions.v8,
    system: `${process.platform} ${process.arch} ${release()}`,
    processor: processors[0]?.model.trim() ?? 'unknown',
    processorCount: processors.length,
    date: new Date().toISOString(),
  }
}

/** Returns median, min and max of several runs. */
export function summarize(measured: readonly number[]): Pick<Result, 'median' | 'min' | 'max' | 'runs'> {
  const sorted = [...measured].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const lower = sorted[Math.ceil(middle) - 1]
  const upper = sorted[Math.floor(middle)]
  return {
    median: lower === undefined || upper === undefined ? null : (lower + upper) / 2,
    min: sorted[0] ?? null,
    max: sorted.at(-1) ?? null,
    runs: sorted.length,
  }
}

/** Makes a Markdown table. All columns but the first are aligned to the right. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const isNumeric = header.map((_, column) => column > 0)
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (isNumeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, column) => (isNumeric[column] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)))
  return [line(header), line(rule), ...rows.map(line)].join('\n')
}
