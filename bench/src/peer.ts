import type { Trial, Workload } from './trial.js'

/** Something that carries messages between processes, and is measured. */
export interface Peer {
  /** The name that `--peer` takes. */
  readonly name: string
  /** A description in one line. */
  readonly summary: string
  /** The ways of using the peer, by workload. A workload that the peer cannot do is absent. */
  readonly variants: Readonly<Partial<Record<Workload, readonly string[]>>>
  /** Tells which trials run by default. `--payload` runs the others, too. All run if this is absent. */
  readonly isWorthwhile?: (trial: Trial) => boolean
  /** Measured only if `--peer` names it. */
  readonly special?: boolean
  /** Each trial runs at most this many times. For peers whose figures are far from all others, and need no precision. */
  readonly maxRuns?: number
  /**
   * Prepares the peer, once.
   *
   * @throws Error saying why it cannot run here
   */
  prepare?(): Promise<void>
  /** The command that runs one trial: it starts the hub, which starts the spokes and prints a TrialReport. */
  command(trial: Trial): readonly string[]
}
