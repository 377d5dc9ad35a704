/** A lane of a stream, as the bridge reads it: ahead of what JetStream has. */
export interface OutgoingLane {
  readonly producer: number
  /** The payload of the message that `next` found. Valid until the next call of `next`, or until its room is released. */
  readonly payload: Uint8Array
  /** The number of that message. Counts beyond 32 bits. */
  readonly sequence: number
  /** Where the next message begins. */
  readonly position: number
  /** True if a message that `next` found is not settled. */
  readonly isPending: boolean
  /** Bytes of the messages that are not released, read or not: the producer cannot use them. */
  readonly heldBytes: number
  /** Bytes of those that `next` has not come to, as of the last use of `heldBytes`. */
  readonly unreadBytes: number
  /** Bytes of the messages that are settled and not released. */
  readonly owedBytes: number
  /** How many messages were overwritten before the bridge could read them. */
  readonly missed: number
  /** Goes to the next message that JetStream does not have. @throws LayoutError `CORRUPT` */
  next(): boolean
  /** True if there may be a message. */
  ready(): boolean
  /** True if messages have come since the last use of `heldBytes`. */
  hasGrown(): boolean
  /** How many messages `next` would find. */
  unread(): number
  /** Notes that `next` has found a message which will be settled later. */
  keep(): void
  /** Notes that such a message is settled: all before `end` may be released. */
  settle(end: number): void
  /** Releases what was settled at the last use of `owedBytes`. Returns true if that was anything. */
  release(): boolean
}

/**
 * The number of a message whose low 32 bits are known.
 *
 * @param expected the number is lower than this one by `mostBehind` at most: a bridge that was away for long finds a far higher one
 */
export function wideSequence(low: number, expected: number, mostBehind: number): number {
  const ahead = (low - expected) | 0
  return expected + (ahead < -mostBehind ? ahead + 2 ** 32 : ahead)
}
