import type { SeenMessage } from './seen-message.js'

/** Receives each message that a source finds. The message is valid until the function returns. */
export type Take = (message: SeenMessage) => void

/** What a tail needs to know about the shape that it observes. */
export interface TailSource {
  /** How many messages went by unseen. */
  readonly missed: number
  /**
   * Hands over what has come, at most `limit` messages.
   *
   * @returns how many
   * @throws LayoutError `CORRUPT`. The next call goes on behind the wrong bytes
   */
  poll(take: Take, limit: number): number
  /** Tells whether a participant lives. Asks the kernel. */
  isInUse(): boolean
  /** Tells whether a producer, writer or client died without closing. Asks the kernel. */
  hasDied(): boolean
}
