import type { RoleReport, Trial } from '../trial.js'
import type { Spoke } from './spoke.js'

/** The two sides of a peer that runs in Node. Each is called in a process (or a worker) of its own. */
export interface Roles {
  hub(trial: Trial): Promise<Hub>
  spoke(trial: Trial, index: number): Promise<Role>
}

/** Connected, and ready to begin. */
export interface Role {
  /** Does the trial's work. */
  run(): Promise<RoleReport>
  /** Lets go of everything that would keep the process alive. */
  close(): void | Promise<void>
}

interface Hub extends Role {
  readonly spokes: readonly Spoke[]
}
