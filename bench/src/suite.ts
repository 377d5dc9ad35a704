import type { Result } from './report.js'

/** A group of trials that belong into one table. */
export interface Suite {
  /** As `--suite` takes it. */
  readonly name: string
  /** What is measured, in one line. */
  readonly summary: string
  /** What is measured against what, each with one line. */
  readonly peers: Readonly<Record<string, string>>
  run(options: SuiteOptions): Promise<Result[]>
  /** Makes the Markdown tables of this suite's results. */
  table(results: readonly Result[]): string
  /** Too long to run unless named. */
  readonly special?: boolean
}

export interface SuiteOptions {
  /** How often each trial is repeated. */
  readonly runs: number
  /** The peers to measure; all when undefined. */
  readonly peers: readonly string[] | undefined
  /** The payloads to measure, in bytes; all when undefined. */
  readonly payloads: readonly number[] | undefined
  /** Shorter trials: to see that all works, not to quote. */
  readonly quick: boolean
  /** Called with a word about each trial as it begins. */
  readonly onProgress: (text: string) => void
}
