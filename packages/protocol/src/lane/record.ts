/**
 * One record of a lane, 8-byte aligned. All numbers are little-endian.
 *
 *   0          4            8                       8 + length
 *   +----------+------------+-----------------------+--------------------------------+
 *   | commit   | sequence   | payload               | unused, to a multiple of 8     |
 *   +----------+------------+-----------------------+--------------------------------+
 *
 * | field    | width | sole writer       | meaning                                                               |
 * |----------|-------|-------------------|-----------------------------------------------------------------------|
 * | commit   | u32   | the lane's writer | 0: nothing here yet. Else length * 8 + MORE + kind; stored last        |
 * | sequence | u32   | the lane's writer | the message's number in its lane, wrapping; valid once commit is not 0 |
 * | payload  |       | the lane's writer | valid once commit is not 0                                             |
 *
 * A padding record fills the end of the ring if the next message does not fit there. It has no payload and no sequence number.
 * MORE says that the next record was published together with this one.
 */

export const RECORD_HEADER_LENGTH = 8
export const RECORD_ALIGNMENT = 8
/** A payload's length plus this number, rounded down to the alignment, is the record's length. */
export const RECORD_ROOM: number = RECORD_HEADER_LENGTH + RECORD_ALIGNMENT - 1

export const KIND_MASK = 3
export const KIND_MESSAGE = 1
export const KIND_PADDING = 2
export const MORE = 4
export const LENGTH_SHIFT = 3

/** Bytes that a record with such a payload takes. */
export function recordLength(payloadLength: number): number {
  return (payloadLength + RECORD_ROOM) & -RECORD_ALIGNMENT
}

export function commitWord(payloadLength: number, kind: number): number {
  return (payloadLength << LENGTH_SHIFT) | kind
}

export function payloadLengthOf(commit: number): number {
  return commit >>> LENGTH_SHIFT
}
