import type { Gap } from './gap.js'
import type { RecordedMessage } from './recorded-channel.js'

/** Where recorded messages go. */
export interface RecordingOutput {
  /** The finished files, in their order. */
  readonly files: readonly string[]
  /** True if the disk is too slow: add nothing until it is false again. */
  readonly isBehind: boolean
  /**
   * Adds a message. Copies its data.
   *
   * @throws the error of an earlier write
   */
  add(message: RecordedMessage): void
  /** Called again and again, with the gaps of the time in between. */
  flush(gaps: readonly Gap[]): void
  /** Writes what is kept in memory into a file, and returns its path. */
  snapshot(gaps: readonly Gap[]): Promise<string>
  /** Ends the output. */
  end(gaps: readonly Gap[]): Promise<void>
}
