import type { Trial, Workload } from './trial.js'

/** Something that carries messages between processes, to be measured. */
export interface Peer {
  /** As `--peer` takes it. */
  readonly name: string
  /** In one line. */
  readonly summary: string
  /** The ways of using it that are measured, by workload; none for a workload that it cannot do. */
  readonly variants: Readonly<Partial<Record<Workload, readonly string[]>>>
  /** Tells which trials are worth their time when nobody asks for their payload by `--payload`; all when undefined. */
  readonly isWorthwhile?: (trial: Trial) => boolean
  /** Repeated no more often than so; for those that are slower by far than what is told apart. */
  readonly maxRuns?: number
  /**
   * Makes it ready, once.
   *
   * @throws Error saying why it cannot run here
   */
  prepare?(): Promise<void>
  /** The command that runs one trial: it starts the hub, which starts the spokes and prints a TrialReport. */
  command(trial: Trial): readonly string[]
}
