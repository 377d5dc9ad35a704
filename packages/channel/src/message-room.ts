import type { PayloadView } from '@memlane/protocol'

/** Where a MessageWriter puts messages: the lane of a stream's producer, or the slots of a queue's. See LaneWriter and SlotWriter. */
export interface MessageRoom {
  /** The bytes in which claimed payloads are filled. */
  readonly data: DataView
  readonly isHeld: boolean
  readonly isBatching: boolean
  /** Takes room for a payload. Returns where it begins, in bytes; -1 if there is none now. */
  claim(length: number): number
  /** Fast path of `claim`: same length as the last claim. -1 if `claim` is needed. */
  claimFast(): number
  /** Publishes the claimed message, or adds it to the batch. Returns not 0 if consumers may be asleep. */
  commit(length?: number): number
  /** Fast path of `commit`: all of the claimed bytes. */
  commitFast(): number
  abort(): void
  /** Refuses claims and commits until `release`. */
  hold(): void
  release(): void
  beginBatch(): void
  /** Publishes the batch. Returns not 0 if consumers may be asleep. */
  endBatch(): number
  /** Adds messages of one length to the batch. Returns how many found room. */
  fill<View>(
    count: number,
    length: number,
    view: PayloadView<View>,
    each: (message: View, index: number) => void,
    first?: number,
  ): number
  /** Adds messages of one length to the batch, from their values. Returns how many found room. */
  write<T>(
    values: readonly T[],
    first: number,
    length: number,
    write: (data: DataView, offset: number, value: T) => void,
  ): number
  /** @throws RangeError for a length that no message can have */
  checkLength(length: number): void
}
