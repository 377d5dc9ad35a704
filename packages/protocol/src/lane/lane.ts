/**
 * A lane: a ring of records in shared memory with one writer and any number of readers. The two classes are mirrors.
 *
 *   position  a wrapping 32-bit count of bytes since the lane began; its place in the ring is position mod capacity
 *   publish   the writer fills a record, stores a zero commit word behind it, then stores the record's own commit word in
 *             order: that single store makes it visible, and the zero tells readers where to wait
 *   batch     several records are filled with plain stores and published by the first one's commit word alone; MORE leads
 *             the reader through them with plain loads
 *   limit     how far the writer may go without overwriting what readers still need; the caller knows (flow control)
 *
 * Readers trust nothing: every length is read once and bounded by the ring before it is used.
 */

import type { PayloadView } from '../codec/codec.js'
import { LayoutError } from '../layout/layout-error.js'
import { loadCommit, loadCommitInOrder, publishAndLook, publishAndLookInOrder } from '../memory/atomics.js'
import { outOfLine } from '../memory/out-of-line.js'
import {
  commitWord,
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

export const MIN_LANE_CAPACITY = 1024
export const MAX_LANE_CAPACITY = 2 ** 29

/** The longest message of a lane: any two of them fit, wherever the end of the ring falls. */
export function maxMessageLength(capacity: number): number {
  return capacity / 2 - 2 * RECORD_HEADER_LENGTH
}

/** What to say of a message that no lane of that capacity can take. */
export function tooLong(length: number, capacity: number): RangeError {
  return new RangeError(
    `a message of ${length} bytes is longer than the ${maxMessageLength(capacity)} that a capacity of ${capacity} allows: ` +
      'create the stream with a larger one',
  )
}

/** The bytes of one lane. */
interface Ring {
  readonly words: Int32Array
  readonly capacity: number
  readonly offset: number
}

function ringOf(buffer: ArrayBuffer, offset: number, capacity: number): Ring {
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

/** Where a lane's writer stands, for one that takes the lane up again. */
export interface LanePosition {
  /** Wrapping bytes, at the start of a record. */
  readonly position: number
  /** The number of the next message. */
  readonly sequence: number
}

/** In place of an offset: no message, but something. */
const OTHER = -2

/** In place of the last index at which a claim of the same length needs no thought. All claims go the slow way then. */
enum Claim {
  UNKNOWN = -1,
  /** A claim is open, and `commit` publishes it. */
  OPEN = -2,
  /** A claim is open in a batch. */
  OPEN_IN_BATCH = -3,
  /** What `fill` writes is neither committed nor aborted by anybody else. */
  FILLING = -4,
}

/**
 * Tells up to which position the writer may fill the ring: asked only when the last answer is used up.
 *
 * @param lane the writer that asks
 * @param needed bytes that it wants, from its position on
 */
export type RefreshLimit = (lane: LaneWriter, needed: number) => number

/** How a writer publishes. */
export interface Publication {
  /** A word of shared memory that is not 0 while readers sleep. */
  readonly sleeping: Int32Array
  /** By plain stores, where processor and sleepers see to their order: see publishAndLookInOrder. */
  readonly inOrder: boolean
}

/** The writing side of a lane. */
export class LaneWriter {
  /** The lane's bytes, where claimed payloads are filled. */
  readonly data: DataView
  /** The longest message. */
  readonly maxMessageLength: number
  private readonly words: Int32Array
  private readonly capacity: number
  private readonly mask: number
  private readonly refreshLimit: RefreshLimit
  private readonly sleeping: Int32Array
  private readonly publishAndLook: typeof publishAndLook
  /** The position at which this turn round the ring began. */
  private turn: number
  /** Where the next record begins; the capacity itself when this turn is complete. */
  private index: number
  private limit: number
  private sequence_: number
  /** Of the last claim, and most often of the next one too: then nothing of it has to be worked out again. */
  private claimLength = -1
  private claimSize = 0
  private claimCommit = 0
  /** The last index at which a claim of the same length finds room as far as is known; or one of the states above. */
  private lastIndex: number = Claim.UNKNOWN
  /** What `lastIndex` will be when the open claim has been committed or aborted. */
  private nextLastIndex: number = Claim.UNKNOWN
  private batching = false
  /** Messages of the run that `fill` is at. */
  private filled = 0
  private readonly fillEachOutOfLine = outOfLine(this.fillEach)
  /** Where the batch began. */
  private batchPosition = 0
  private batchSequence = 0
  /** The first record of the batch, its commit word held back; -1 for none. */
  private heldIndex = -1
  private heldCommit = 0
  private lastInBatch = -1

  /**
   * @param offset bytes from the start of `buffer` to the lane, a multiple of 8
   * @param start where to begin; a new lane is all zeros and begins at 0
   * @throws RangeError when the capacity is no power of two in its range, or the lane does not lie in the buffer
   */
  constructor(
    buffer: ArrayBuffer,
    offset: number,
    capacity: number,
    refreshLimit: RefreshLimit,
    start: LanePosition = { position: 0, sequence: 0 },
    { sleeping, inOrder }: Publication = { sleeping: new Int32Array(1), inOrder: false },
  ) {
    const ring = ringOf(buffer, offset, capacity)
    this.words = ring.words
    this.capacity = capacity
    this.mask = capacity - 1
    this.data = new DataView(buffer, offset, capacity)
    this.maxMessageLength = maxMessageLength(capacity)
    this.refreshLimit = refreshLimit
    this.sleeping = sleeping
    this.publishAndLook = inOrder ? publishAndLookInOrder : publishAndLook
    this.index = start.position & this.mask
    this.turn = (start.position - this.index) | 0
    this.sequence_ = start.sequence | 0
    this.limit = this.position
    this.limit = refreshLimit(this, 0)
  }

  /** The end of the last record written, in wrapping bytes; records of an unfinished batch included. */
  get position(): number {
    return (this.turn + this.index) | 0
  }

  /** The number of the next message, wrapping. */
  get sequence(): number {
    return this.sequence_
  }

  /** Where the lane ends for its readers: before an unfinished batch. */
  get published(): LanePosition {
    return this.batching
      ? { position: this.batchPosition, sequence: this.batchSequence }
      : { position: this.position, sequence: this.sequence_ }
  }

  /**
   * Tells whether `claim` would find room now. Takes nothing.
   *
   * @throws RangeError for a length above `maxMessageLength`
   */
  hasRoom(length: number): boolean {
    this.checkLength(length)
    const size = recordLength(length)
    return this.mayFill(this.paddingBefore(size) + size)
  }

  /**
   * Takes room for a payload, to be filled in `data` and then committed. Never blocks, allocates nothing.
   *
   * @returns where the payload begins, in bytes from the start of the lane: a multiple of 8; -1 when there is no room now
   * @throws RangeError for a length above `maxMessageLength`; TypeError while another claim is open
   */
  claim(length: number): number {
    const offset = length === this.claimLength ? this.claimSame() : -1
    return offset === -1 ? this.claimAnew(length) : offset
  }

  /**
   * As `claim`, for as many bytes as were claimed last. Takes no trouble.
   *
   * @returns -1 when `claimAnew` is needed
   */
  claimSame(): number {
    const { index } = this
    if (index > this.lastIndex) return -1
    this.lastIndex = Claim.OPEN
    return index + RECORD_HEADER_LENGTH
  }

  /** As `claim`, where there may be something to wait for, to leave out, or to refuse. */
  claimAnew(length: number): number {
    this.checkNoClaim()
    this.checkLength(length)
    const size = recordLength(length)
    this.claimLength = length
    this.claimSize = size
    this.claimCommit = commitWord(length, KIND_MESSAGE)
    this.lastIndex = Claim.UNKNOWN
    const padding = this.paddingBefore(size)
    if (!this.mayFill(padding + size)) return -1
    if (padding !== 0) this.append(padding, commitWord(padding - RECORD_HEADER_LENGTH, KIND_PADDING))
    this.beginTurn()
    const limitIndex = (this.limit - this.turn) | 0
    this.nextLastIndex = this.batching
      ? Claim.UNKNOWN
      : Math.min(this.capacity, limitIndex - RECORD_HEADER_LENGTH) - size
    this.lastIndex = this.batching ? Claim.OPEN_IN_BATCH : Claim.OPEN
    return this.index + RECORD_HEADER_LENGTH
  }

  /**
   * Publishes the claimed record, or adds it to the batch.
   *
   * @param length bytes of the payload, at most those claimed
   * @returns whether readers may be asleep that wait for it
   */
  commit(length?: number): boolean {
    if (this.lastIndex !== Claim.OPEN || length !== undefined) return this.commitPart(length)
    const { words, index, sequence_: sequence } = this
    const next = index + this.claimSize
    this.lastIndex = this.nextLastIndex
    this.index = next
    this.sequence_ = (sequence + 1) | 0
    words[(index >> 2) + 1] = sequence
    words[(next & this.mask) >> 2] = 0
    return this.publishAndLook(words, index >> 2, this.claimCommit, this.sleeping) !== 0
  }

  /** Gives the claimed room back: nobody sees anything of it. */
  abort(): void {
    if (this.lastIndex === Claim.OPEN || this.lastIndex === Claim.OPEN_IN_BATCH) this.lastIndex = this.nextLastIndex
  }

  /**
   * Holds back what is committed from now on, until `endBatch` publishes all of it by one store.
   *
   * @throws TypeError while a claim is open
   */
  beginBatch(): void {
    this.checkNoClaim()
    this.batchPosition = this.position
    this.batchSequence = this.sequence_
    this.batching = true
    this.lastIndex = Claim.UNKNOWN
  }

  /** Publishes the batch. */
  endBatch(): void {
    this.batching = false
    if (this.heldIndex === -1) return
    this.words[(this.index & this.mask) >> 2] = 0
    this.publishAndLook(this.words, this.heldIndex >> 2, this.heldCommit, this.sleeping)
    this.heldIndex = -1
    this.lastInBatch = -1
  }

  private commitPart(length = this.claimLength): boolean {
    if (this.lastIndex !== Claim.OPEN && this.lastIndex !== Claim.OPEN_IN_BATCH)
      throw new TypeError('nothing is claimed')
    if (!(length >= 0 && length <= this.claimLength) || (length | 0) !== length) {
      throw new RangeError(`length ${length} is not a whole number from 0 to the ${this.claimLength} bytes claimed`)
    }
    this.lastIndex = this.nextLastIndex
    this.words[(this.index >> 2) + 1] = this.sequence_
    this.sequence_ = (this.sequence_ + 1) | 0
    return this.append(recordLength(length), commitWord(length, KIND_MESSAGE))
  }

  private beginTurn(): void {
    if (this.index !== this.capacity) return
    this.lastIndex = Claim.UNKNOWN // it was one of the turn before
    this.turn = (this.turn + this.capacity) | 0
    this.index = 0
  }

  /** What has to be left out before a record, so that it does not reach over the end of the ring. */
  private paddingBefore(size: number): number {
    this.beginTurn()
    const toEnd = this.capacity - this.index
    return size > toEnd ? toEnd : 0
  }

  private checkNoClaim(): void {
    if (this.lastIndex < Claim.UNKNOWN) throw new TypeError('the last claim is neither committed nor aborted')
  }

  /** @throws RangeError for a length that no message of this lane can have */
  checkLength(length: number): void {
    if (length >= 0 && length <= this.maxMessageLength && (length | 0) === length) return
    if (length > this.maxMessageLength) throw tooLong(length, this.capacity)
    throw new RangeError(`message length ${length} is not a whole number from 0 to ${this.maxMessageLength}`)
  }

  private mayFill(size: number): boolean {
    const needed = size + RECORD_HEADER_LENGTH // the header behind it must take the zero
    if (((this.limit - this.position) | 0) >= needed) return true
    this.limit = this.refreshLimit(this, needed)
    return ((this.limit - this.position) | 0) >= needed
  }

  /**
   * Writes up to `count` messages of one length, and publishes them as one batch. Never blocks, allocates nothing.
   *
   * @param view shows a payload where it stands
   * @param each fills what `view` shows; should it throw, what was filled before is published
   * @param first the index that `each` gets first
   * @returns how many found room
   */
  fill<View>(
    count: number,
    length: number,
    view: PayloadView<View>,
    each: (message: View, index: number) => void,
    first = 0,
  ): number {
    if (this.batching) throw new TypeError('a batch is being filled already')
    if (count <= 0) return 0
    let done = 0
    this.beginBatch()
    try {
      while (done < count && this.claim(length) !== -1) done += this.fillRun(count - done, view, each, first + done)
    } finally {
      this.endBatch()
    }
    return done
  }

  /** Writes what fits in one piece, from the claimed record on. */
  private fillRun<View>(
    most: number,
    view: PayloadView<View>,
    each: (message: View, index: number) => void,
    first: number,
  ): number {
    const { index: start, claimSize: size } = this
    const room = Math.min(this.capacity, ((this.limit - this.turn) | 0) - RECORD_HEADER_LENGTH) - start
    const count = Math.min(most, Math.floor(room / size))
    this.lastIndex = Claim.FILLING
    this.filled = 0
    try {
      this.fillEachOutOfLine[0].call(this, count, view, each as (message: unknown, index: number) => void, first)
    } finally {
      this.lastIndex = Claim.UNKNOWN
      if (this.filled !== 0) this.appendRun(start, this.filled, size, this.claimCommit)
    }
    return this.filled
  }

  /** Out of line: all that may be inlined goes to `each` and its accessors. */
  private fillEach<View>(
    count: number,
    view: PayloadView<View>,
    each: (message: View, index: number) => void,
    first: number,
  ): void {
    const { words, sequence_: sequence, index: start, claimSize: size, claimLength: length, claimCommit: commit } = this
    const held = this.heldIndex === -1 ? start : this.heldIndex
    let index = start
    for (let filled = 0; filled < count; filled++) {
      each(view.at(index + RECORD_HEADER_LENGTH, length), first + filled)
      words[(index >> 2) + 1] = sequence + filled
      if (index !== held) words[index >> 2] = commit | MORE
      index += size
      this.filled = filled + 1
    }
  }

  private appendRun(start: number, count: number, size: number, commit: number): void {
    this.append(size, commit)
    const last = start + (count - 1) * size
    if (last !== start) {
      if (start === this.heldIndex) this.heldCommit |= MORE
      else this.words[start >> 2] = commit | MORE
      this.words[last >> 2] = commit
      this.lastInBatch = last
      this.index = last + size
    }
    this.sequence_ = (this.sequence_ + count) | 0
  }

  private append(size: number, commit: number): boolean {
    const { words, index } = this
    this.index = index + size
    if (!this.batching) {
      words[(this.index & this.mask) >> 2] = 0
      return this.publishAndLook(words, index >> 2, commit, this.sleeping) !== 0
    }
    if (this.heldIndex === -1) {
      this.heldIndex = index
      this.heldCommit = commit
    } else {
      if (this.lastInBatch === this.heldIndex) this.heldCommit |= MORE
      else words[this.lastInBatch >> 2] = (words[this.lastInBatch >> 2] as number) | MORE
      words[index >> 2] = commit
    }
    this.lastInBatch = index
    return false
  }
}

/** The reading side of a lane. Needs no write access. */
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
  /** Not 0: the record was published together with the one before. */
  private more = 0
  /** The capacity; 0 where the position is no multiple of 8, so that nothing fits there. */
  private end = 0

  /**
   * @param offset bytes from the start of `buffer` to the lane, a multiple of 8
   * @param position where to begin: at the start of a record
   * @param inOrder looks by plain loads: for processors that keep the order of loads
   * @throws RangeError when the capacity is no power of two in its range, or the lane does not lie in the buffer
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

  /** Number of the message that `next` found, wrapping. Valid as long as its payload, and until `next` or `restart`. */
  get sequence(): number {
    const index = (this.position - recordLength(this.length)) & this.mask
    return this.words[(index >> 2) + 1] as number
  }

  /** Tells whether `next` would find a message, or throw. Never blocks, allocates nothing. */
  ready(): boolean {
    const index = this.position & this.mask
    const commit = this.loadCommit(this.words, index >> 2, this.more)
    if ((commit & KIND_MASK) !== KIND_PADDING) return commit !== 0 || this.more !== 0
    if ((commit & MORE) !== 0 || !this.isPadding(index, commit)) return true
    return this.loadCommit(this.words, 0, 0) !== 0 // padding may be there long before the message behind it
  }

  /** Goes on elsewhere: at the start of a record. Where none can begin, there is something, and `next` refuses it. */
  restart(position: number): void {
    const isPlace = position % RECORD_ALIGNMENT === 0
    this.position = position | 0
    this.more = isPlace ? 0 : MORE
    this.end = isPlace ? this.capacity : 0
  }

  /**
   * Finds the next message and sets `length` and `position`. Never blocks, allocates nothing. The payload is valid until the writer is told that it may go beyond the record.
   *
   * @returns where its payload begins, in bytes from the start of the lane; -1 when there is none yet
   * @throws LayoutError `CORRUPT` for bytes that are no record; the position stays where it was
   */
  next(): number {
    const offset = this.nextMessage()
    return offset === OTHER ? this.nextBehindPadding() : offset
  }

  /**
   * As `next`, for the usual case.
   *
   * @returns also OTHER, for padding and for what is no record: `next` will tell
   */
  nextMessage(): number {
    const { words } = this
    const index = this.position & this.mask
    const commit = this.loadCommit(words, index >> 2, this.more)
    if (commit === 0) return this.more !== 0 ? OTHER : -1
    const length = commit >>> LENGTH_SHIFT // below 2^29: what follows cannot wrap
    const size = (length + RECORD_ROOM) & -RECORD_ALIGNMENT
    if ((commit & KIND_MASK) !== KIND_MESSAGE || size > this.end - index) return OTHER
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
    if (offset !== OTHER) return offset
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
 * Finds the end of a lane from any record boundary before it: where a writer that takes the lane up goes on.
 *
 * @param from a position at the start of a record, and the number of the message there
 * @throws LayoutError `CORRUPT` when the records lead nowhere
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
