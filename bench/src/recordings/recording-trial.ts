/** What the processes of a trial of the suite `record` tell each other. */

/** One trial: a minute of recording, for example, and then a replay of its first seconds. */
export interface RecordingTrial {
  readonly encode: 'json' | 'protobuf' | 'raw'
  /** Messages a second. */
  readonly rate: number
  readonly seconds: number
  readonly replaySeconds: number
}

/** Bytes of the lane: 0.6 s of 100,000 messages a second. */
export const CAPACITY = 2 ** 24

export interface RecordingReport {
  readonly sent: number
  readonly recorded: number
  readonly lost: number
  readonly seconds: number
  /** User and system time of the recorder. */
  readonly processorNs: number
  /** Of the file. */
  readonly bytes: number
  readonly replayed: number
  /** What the consumer of the replay has found wrong or missing. */
  readonly wrong: number
  /** How late the replay sent its messages. */
  readonly lateMedianUs: number
  readonly lateP99Us: number
}
