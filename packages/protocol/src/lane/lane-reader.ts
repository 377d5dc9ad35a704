/** The reading side of a lane: the mirror of LaneWriter. Trusts nothing: it reads each length once and checks it against the ring. */

import { LayoutError } from '../layout/layout-error.js'
import { loadCommit, loadCommitInOrder } from '../memory/atomics.js'
import {
  KIND_MASK,
  KIND_MESSAGE,
  KIND_PADDING,
  LENGTH_SHIFT,
  MORE,
  payloadLengthOf,
  RECORD_ALIGNMENT,
  RECORD_HEADER_LENGTH,
  RECORD_ROOM,
  recordLength,
} from './record.js'
import { type LanePosition, ringOf } from './ring.js'

/** Returned instead of an offset: there is a record, or there are wrong bytes, but no message. */
const NOT_A_MESSAGE = -2

/** Needs no write access. Its members are TypeScript-private for speed: see LaneWriter. */
export class LaneReader {
  /** The lane's bytes, where payloads are read. */
  readonly data: DataView
  /** Bytes of the payload that `next` found. */
  length = 0
  /** Where the next record begins, in wrapping bytes. */
  position: number
  private readonly words: Int32Array
  private readonly capacity: number
  private readonly mask: number
  private readonly offset: number
  private readonly loadCommit: typeof loadCommit
  /** Not 0 if the record was published together with the one before. */
  private more = 0
  /** Where records end: at the capacity. 0 if the position is not a multiple of 8: then no record fits. */
  private end = 0

  /**
   * @param offset bytes from the start of `buffer` to the lane, a multiple of 8
   * @param position where to begin: at the start of a record
   * @param inOrder whether to check by plain loads: only on CPUs that keep loads in order
   * @throws RangeError if the capacity is not a power of two in its range, or the lane does not lie in the buffer
   */
  constructor(buffer: ArrayBuffer, offset: number, capacity: number, position = 0, inOrder = false) {
    const ring = ringOf(buffer, offset, capacity)
    this.words = ring.words
    this.capacity = capacity
    this.mask = capacity - 1
    this.offset = offset
    this.loadCommit = inOrder ? loadCommitInOrder : loadCommit
    this.data = new DataView(buffer, offset, capacity)
    this.position = position | 0
    this.restart(position)
  }

  /** The number of the message that `next` found, wrapping. Valid as long as its payload, but only until `next` or `restart`. */
  get sequence(): number {
    const index = (this.position - recordLength(this.length)) & this.mask
    return this.words[(index >> 2) + 1] as number
  }

  /** Tells whether `next` would return -1, except before padding: then it returns false. Never blocks, allocates nothing. */
  isEmpty(): boolean {
    return this.loadCommit(this.words, (this.position & this.mask) >> 2, this.more) === 0 && this.more === 0
  }

  /** Tells whether `next` would find a message, or throw. Never blocks, allocates nothing. */
  ready(): boolean {
    const index = this.position & this.mask
    const commit = this.loadCommit(this.words, index >> 2, this.more)
    if ((commit & KIND_MASK) !== KIND_PADDING) return commit !== 0 || this.more !== 0
    if ((commit & MORE) !== 0 || !this.isPadding(index, commit)) return true
    return this.loadCommit(this.words, 0, 0) !== 0 // padding can be visible long before the message after it
  }

  /** Moves the reader to another position: the start of a record. A misaligned position makes `next` throw CORRUPT. */
  restart(position: number): void {
    const isAligned = position % RECORD_ALIGNMENT === 0
    this.position = position | 0
    this.more = isAligned ? 0 : MORE
    this.end = isAligned ? this.capacity : 0
  }

  /**
   * Finds the next message and sets `length` and `position`. Never blocks, allocates nothing. The payload is valid until the
   * writer learns that it may overwrite the record.
   *
   * @returns where its payload begins, in bytes from the start of the lane; -1 if there is none yet
   * @throws LayoutError `CORRUPT` for bytes that are no record; the position stays where it was
   */
  next(): number {
    const offset = this.nextMessage()
    return offset === NOT_A_MESSAGE ? this.nextBehindPadding() : offset
  }

  /**
   * Fast path of `next`: the next record is a message.
   *
   * @returns also NOT_A_MESSAGE, for padding and for bytes that are no record: then `next` tells which
   */
  nextMessage(): number {
    const { words } = this
    const index = this.position & this.mask
    const commit = this.loadCommit(words, index >> 2, this.more)
    if (commit === 0) return this.more !== 0 ? NOT_A_MESSAGE : -1
    const length = commit >>> LENGTH_SHIFT // below 2^29: what follows cannot wrap
    const size = (length + RECORD_ROOM) & -RECORD_ALIGNMENT
    if ((commit & KIND_MASK) !== KIND_MESSAGE || size > this.end - index) return NOT_A_MESSAGE
    this.more = commit & MORE
    this.position = (this.position + size) | 0
    this.length = length
    return index + RECORD_HEADER_LENGTH
  }

  private nextBehindPadding(): number {
    const { position, more } = this
    const index = position & this.mask
    const commit = this.loadCommit(this.words, index >> 2, more)
    if (!this.isPadding(index, commit)) throw this.corrupt(index, commit)
    this.more = commit & MORE
    this.position = (position + this.capacity - index) | 0
    const offset = this.nextMessage()
    if (offset !== NOT_A_MESSAGE) return offset
    this.position = position
    this.more = more
    throw this.corrupt(0, this.words[0] as number)
  }

  private isPadding(index: number, commit: number): boolean {
    const size = recordLength(payloadLengthOf(commit))
    return (commit & KIND_MASK) === KIND_PADDING && size === this.capacity - index && index !== 0
  }

  private corrupt(index: number, commit: number): LayoutError {
    const hex = (commit >>> 0).toString(16).padStart(8, '0')
    return new LayoutError('CORRUPT', this.offset + index, `0x${hex} at offset ${this.offset + index} begins no record`)
  }
}

/**
 * Finds the end of a lane, from any record boundary before that end. A writer that takes over the lane continues there.
 *
 * @param from a position at the start of a record, and the number of the message there
 * @throws LayoutError `CORRUPT` if the records lead nowhere
 */
export function findEnd(buffer: ArrayBuffer, offset: number, capacity: number, from: LanePosition): LanePosition {
  const reader = new LaneReader(buffer, offset, capacity, from.position)
  let sequence = from.sequence | 0
  while (reader.next() !== -1) {
    sequence = (reader.sequence + 1) | 0
    if (((reader.position - from.position) | 0) > capacity) {
      throw new LayoutError('CORRUPT', offset, `the lane at offset ${offset} has no end`)
    }
  }
  return { position: reader.position, sequence }
}
