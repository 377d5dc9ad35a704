import type { RoleReport, Trial } from '../trial.js'
import type { Spoke } from './spoke.js'

/** The two sides of a peer in Node. Each is called in a process, or a worker, of its own. */
export interface Roles {
  hub(trial: Trial): Promise<Hub>
  spoke(trial: Trial, index: number): Promise<Role>
}

/** A side that is connected and ready to begin. */
export interface Role {
  /** Does the trial's work. */
  run(): Promise<RoleReport>
  /** Closes everything that keeps the process alive. */
  close(): void | Promise<void>
}

interface Hub extends Role {
  readonly spokes: readonly Spoke[]
}
