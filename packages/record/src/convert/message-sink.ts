import type { MessageRow } from './message-row.js'

/** A file that messages are converted into. */
export interface MessageSink {
  /** Adds a message. May be slow: await it. */
  add(row: MessageRow): Promise<void> | undefined
  /** Writes what is left and closes the file. */
  end(): Promise<void>
}
