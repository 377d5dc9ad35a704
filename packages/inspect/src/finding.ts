/** What a finding is about. Codes are stable; messages are for people and may change. */
export type FindingCode =
  /** A place is in use, and its process has died. Nobody has cleaned up yet. */
  | 'DEAD_PARTICIPANT'
  /** The process of a participant is stopped (SIGSTOP, a debugger). */
  | 'STOPPED_PARTICIPANT'
  /** A producer of a stream has no room: it waits for a consumer. */
  | 'BLOCKED_PRODUCER'
  /** A producer of a queue has no free slot. */
  | 'FULL_QUEUE'
  /** A client has no free slot. */
  | 'FULL_CALLS'
  /** Messages wait, and nobody is there to take them. */
  | 'NO_CONSUMERS'
  /** Calls wait, and no server is there. */
  | 'NO_SERVERS'
  /** A queue has dead letters. */
  | 'DEAD_LETTERS'
  /** A queue has given up dead letters, because it had no free slot. */
  | 'DROPPED_MESSAGES'
  /** No participant lives. The memory stays only because of other handles, or because it is persistent. */
  | 'NO_PARTICIPANTS'
  /** All places of one side are taken. The next participant gets the error `FULL`. */
  | 'NO_FREE_PLACE'
  /** The memory holds bytes that cannot be right. */
  | 'CORRUPT'
  /** The memory cannot be read: the message says why. */
  | 'UNREADABLE'
  /** The system is short of something that memlane needs. Only of `diagnose`. */
  | 'SYSTEM'

/** A participant that a finding names. */
export interface FindingParticipant {
  /** `producer`, `consumer`, `writer`, `reader`, `client` or `server`. */
  readonly role: string
  readonly slot: number
  readonly pid: number | undefined
}

/** Something that a person should know. */
export interface Finding {
  readonly code: FindingCode
  /** `error`: something is stuck or broken. `warning`: it may become so. `note`: good to know. */
  readonly severity: 'error' | 'warning' | 'note'
  /** A sentence for people. It says what to do, if there is something to do. */
  readonly message: string
  /** The participant that is stuck. */
  readonly participant: FindingParticipant | undefined
  /** The participants that it waits for. */
  readonly waitsFor: readonly FindingParticipant[]
}
