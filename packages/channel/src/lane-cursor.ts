import { LaneReader } from '@memlane/protocol/internal'

/** Where a consumer begins: with new messages only, or in each lane with the newest or the oldest message that it still holds. */
export type StreamStart = 'now' | 'newest' | 'oldest'

/** One consumer's place in one lane. */
export interface LaneCursor<View> {
  readonly producer: number
  /** The bytes that `offset` counts in. */
  readonly data: DataView
  /** Where the payload of the message that `next` found begins, in bytes. Valid until the next call of `next`. */
  readonly offset: number
  readonly length: number
  /** How many messages were overwritten before this consumer could read them. */
  readonly missed: number
  /**
   * Goes to the next message, if there is one. Never blocks, allocates nothing.
   *
   * @throws LayoutError `CORRUPT`
   */
  next(): boolean
  /**
   * Hands over the messages that are there, each in place. Never blocks, allocates nothing.
   *
   * @param looks how many times to check again if there is no message; only a `HeldCursor` uses it
   * @returns how many messages were handed over; fewer than `limit` if no more are there
   * @throws TypeError if `handle` returns a promise for the first message
   */
  drain(handle: (message: View) => unknown, limit: number, looks: number): number
  /** Ends a running `drain` after its current message. */
  stop(): void
  /** True if there is a record. If not, the cursor has given back the room of all earlier records. */
  ready(): boolean
  /** Skips what is there now. */
  skipToEnd(): void
  /** Skips what is there now, except the newest message. */
  skipToNewest(): void
  /** Counts the messages that are there now. */
  count(): number
}

/** Counts the messages of a lane from a position on, and at most one lap of them. */
export function countMessages(lane: DataView, position: number): number {
  const reader = new LaneReader(lane.buffer as ArrayBuffer, lane.byteOffset, lane.byteLength, position)
  let count = 0
  while (((reader.position - position) | 0) < lane.byteLength && reader.next() !== -1) count++
  return count
}
