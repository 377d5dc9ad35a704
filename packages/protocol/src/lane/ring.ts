/** The bytes of a lane, and the numbers that its writer and its readers have in common. */

import { RECORD_HEADER_LENGTH } from './record.js'

export const MIN_LANE_CAPACITY = 1024
export const MAX_LANE_CAPACITY = 2 ** 29

/**
 * The longest message of a lane, in bytes. One such message and the padding before it fit into an empty lane, wherever the end of
 * the ring falls.
 */
export function maxMessageLength(capacity: number): number {
  return capacity / 2 - 2 * RECORD_HEADER_LENGTH
}

/** The error for a message that no lane of that capacity can take. */
export function tooLong(length: number, capacity: number): RangeError {
  const needed = 2 ** Math.ceil(Math.log2(2 * (length + 2 * RECORD_HEADER_LENGTH)))
  const remedy =
    needed <= MAX_LANE_CAPACITY
      ? `Create the stream with a capacity of at least ${needed}`
      : `No stream carries more than ${maxMessageLength(MAX_LANE_CAPACITY)}: send the message in parts`
  return new RangeError(
    `a message of ${length} bytes is longer than the ${maxMessageLength(capacity)} that a capacity of ${capacity} allows. ${remedy}`,
  )
}

/** The bytes of one lane. */
export interface Ring {
  readonly words: Int32Array
  readonly capacity: number
  /** Bytes from the start of the buffer. */
  readonly offset: number
}

/** @throws RangeError if the capacity is not a power of two in its range, or the lane does not lie in the buffer */
export function ringOf(buffer: ArrayBuffer, offset: number, capacity: number): Ring {
  if (
    !Number.isInteger(capacity) ||
    capacity < MIN_LANE_CAPACITY ||
    capacity > MAX_LANE_CAPACITY ||
    (capacity & (capacity - 1)) !== 0
  ) {
    throw new RangeError(
      `lane capacity ${capacity} is not a power of two from ${MIN_LANE_CAPACITY} to ${MAX_LANE_CAPACITY}`,
    )
  }
  return { words: new Int32Array(buffer, offset, capacity / 4), capacity, offset }
}

/** The position of a lane's writer, from which a successor continues. */
export interface LanePosition {
  /** Wrapping bytes, at the start of a record. */
  readonly position: number
  /** The number of the next message. */
  readonly sequence: number
}
