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
  /** Makes the Markdown table of this suite's results. */
  table(results: readonly Result[]): string
}

interface SuiteOptions {
  /** Fewer runs and operations: to see that all works, not to quote. */
  readonly quick: boolean
  /** Called with a word about each trial as it begins. */
  readonly onProgress: (text: string) => void
}
