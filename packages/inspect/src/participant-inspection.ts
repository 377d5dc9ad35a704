/**
 * The state of a place:
 *
 * - `alive`: its lease is held.
 * - `died`: it is in use, and no process holds its lease: its holder died, and nobody has cleaned up yet. A holder that is just closing
 *   can look like that for a moment.
 * - `closed`: its holder has closed it. Only producers and writers leave this mark.
 */
export type ParticipantState = 'alive' | 'died' | 'closed'

/** One participant of a channel, as the memory and the system show it. */
export interface ParticipantInspection {
  /** The number of its place, from 0. */
  readonly slot: number
  readonly state: ParticipantState
  /** True if its sleep mark is set: it waits for another participant to ring. */
  readonly asleep: boolean
  /** Its process. Undefined if it is not alive, or if the system does not show the process. */
  readonly pid: number | undefined
  /** The command line of its process, at most 1,000 characters. Only on Linux. */
  readonly command: string | undefined
  /** True if the process was stopped by a signal or a debugger. Only on Linux; undefined elsewhere. */
  readonly stopped: boolean | undefined
}
