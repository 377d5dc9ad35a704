import type { Result } from './report.js'

/** A group of trials that share a table. */
export interface Suite {
  /** The name that `--suite` takes. */
  readonly name: string
  /** The subject, in one line. */
  readonly summary: string
  /** The peers that are compared, each with a description in one line. */
  readonly peers: Readonly<Record<string, string>>
  run(options: SuiteOptions): Promise<Result[]>
  /** Makes the Markdown tables of this suite's results. */
  table(results: readonly Result[]): string
  /** The suite takes long and runs only if it is named. */
  readonly special?: boolean
}

export interface SuiteOptions {
  /** How often each trial is repeated. */
  readonly runs: number
  /** The peers to measure; all if undefined. */
  readonly peers: readonly string[] | undefined
  /** The payloads to measure, in bytes; all if undefined. */
  readonly payloads: readonly number[] | undefined
  /** Short trials, which show that everything works. Their figures are not for quoting. */
  readonly quick: boolean
  /** Gets a short text about each trial when it begins. */
  readonly onProgress: (text: string) => void
}
