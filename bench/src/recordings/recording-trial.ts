/** What the processes of a trial of the suite `record` tell each other. */

/** One trial: a minute of recording, for example, and then a replay of its first seconds. */
export interface RecordingTrial {
  readonly encode: 'json' | 'protobuf' | 'raw'
  readonly seconds: number
  readonly replaySeconds: number
}

/** Messages a second. */
export const RATE = 100_000
/** Bytes of the lane: 0.16 s of messages. */
export const CAPACITY = 2 ** 22

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
