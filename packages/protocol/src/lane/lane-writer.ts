/**
 * The writing side of a lane. A lane is a ring of records in shared memory with one writer and any number of readers; its two
 * sides, LaneWriter and LaneReader, are mirrors.
 *
 *   position  a wrapping 32-bit count of bytes since the lane began; its place in the ring is position mod capacity
 *   publish   the writer fills a record, stores a zero commit word after it, then stores the record's own commit word, ordered
 *             after all of that: this single store makes the record visible, and the zero tells readers where to wait
 *   batch     the writer fills several records with plain stores and publishes them by the first one's commit word alone;
 *             MORE in a commit word tells the reader that the next record is published, too, so a plain load finds it
 *   limit     the position up to which the writer overwrites nothing that readers still need; RefreshLimit returns it
 *
 * The members are TypeScript-private, not #private, as in the other classes that each message goes through (LaneReader,
 * Sleepers, the cursors). V8 limits inlining by the length of bytecode, and an access to a #private member has longer
 * bytecode, because it loads the member's name first (decision 10).
 */

import type { PayloadView } from '../codec/codec.js'
import { publishAndLook, publishAndLookInOrder } from '../memory/atomics.js'
import { outOfLine } from '../memory/out-of-line.js'
import { commitWord, KIND_MESSAGE, KIND_PADDING, MORE, RECORD_HEADER_LENGTH, recordLength } from './record.js'
import { type LanePosition, maxMessageLength, ringOf, tooLong } from './ring.js'

/** Sentinels for `lastIndex`. Each one forces the slow path, because no index is negative. */
enum Claim {
  /** No claim is open, and `claimSlow` has to find out how far the room reaches. */
  UNKNOWN = -1,
  /** A claim is open, and `commit` publishes it. */
  OPEN = -2,
  /** A claim is open in a batch. */
  OPEN_IN_BATCH = -3,
  /** A value is being written, or `fill` is running: `claim` and `commit` throw, and `abort` does nothing. */
  FILLING = -4,
}

/**
 * Tells up to which position the writer may fill the ring. The writer asks when the last answer is used up.
 *
 * @param lane the writer that asks
 * @param needed bytes that it wants, counted from its position
 */
export type RefreshLimit = (lane: LaneWriter, needed: number) => number

/** How a writer publishes. */
export interface Publication {
  /** A word of shared memory that is not 0 while readers sleep. */
  readonly sleeping: Int32Array
  /** Publishes by plain stores; the CPU and the sleepers provide their order: see publishAndLookInOrder. */
  readonly inOrder: boolean
}

/** A function that writes `count` messages, from the claimed record on. */
type Loop<A, B> = readonly [(this: LaneWriter, count: number, a: A, b: B, first: number) => void]

export class LaneWriter {
  /** The lane's bytes, where claimed payloads are filled. */
  readonly data: DataView
  /** The longest message, in bytes. */
  readonly maxMessageLength: number
  private readonly words: Int32Array
  private readonly capacity: number
  private readonly mask: number
  private readonly refreshLimit: RefreshLimit
  private readonly sleeping: Int32Array
  private readonly publishAndLook: typeof publishAndLook
  /** The position at which this lap of the ring began. */
  private lap: number
  /** Where the next record begins; equal to the capacity when this lap is complete. */
  private index: number
  private limit: number
  private sequence_: number
  // The last claim. Most often, the next claim has the same length: then none of these is computed again.
  private claimLength = -1
  private claimSize = 0
  private claimCommit = 0
  /** The last index at which a claim of the same length is known to find room, or one of the sentinels above. */
  private lastIndex: number = Claim.UNKNOWN
  /** What `lastIndex` becomes when the open claim is committed or aborted. */
  private nextLastIndex: number = Claim.UNKNOWN
  private batching = false
  /** How many messages `fill` has filled in the current run. */
  private filled = 0
  private readonly fillEachOutOfLine = outOfLine(this.fillEach)
  private readonly writeEachOutOfLine = outOfLine(this.writeEach)
  /** Where the batch began. */
  private batchPosition = 0
  private batchSequence = 0
  /** The first record of the batch. Its commit word is not stored until the batch ends. -1 if there is none. */
  private heldIndex = -1
  private heldCommit = 0
  private lastInBatch = -1

  /**
   * @param offset bytes from the start of `buffer` to the lane, a multiple of 8
   * @param start where to begin; a new lane is all zeros and begins at 0
   * @throws RangeError if the capacity is not a power of two in its range, or the lane does not lie in the buffer
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
    this.lap = (start.position - this.index) | 0
    this.sequence_ = start.sequence | 0
    this.limit = this.position
    this.limit = refreshLimit(this, 0)
  }

  /** The end of the last record written, in wrapping bytes; records of an unfinished batch included. */
  get position(): number {
    return (this.lap + this.index) | 0
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
   * Takes room for a payload. The caller fills it in `data` and then commits it. Never blocks, allocates nothing.
   *
   * @returns where the payload begins, in bytes from the start of the lane: a multiple of 8; -1 if there is no room now
   * @throws RangeError for a length above `maxMessageLength`; TypeError while another claim is open
   */
  claim(length: number): number {
    const offset = length === this.claimLength ? this.claimFast() : -1
    return offset === -1 ? this.claimSlow(length) : offset
  }

  /**
   * Fast path of `claim`: same length as the last claim.
   *
   * @returns -1 if `claimSlow` is needed
   */
  claimFast(): number {
    const { index } = this
    if (index > this.lastIndex) return -1
    this.lastIndex = Claim.OPEN
    return index + RECORD_HEADER_LENGTH
  }

  /** Slow path of `claim`: checks the length, pads, refreshes the limit. */
  claimSlow(length: number): number {
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
    this.beginLap()
    const limitIndex = (this.limit - this.lap) | 0
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
   * @returns not 0 if readers that wait for the record may be asleep; 0 in a batch: `endBatch` publishes it
   * @throws TypeError if nothing is claimed; RangeError for a length above what was claimed
   */
  commit(length?: number): number {
    return length === undefined ? this.commitFast() : this.commitSlow(length)
  }

  /** Fast path of `commit`: all of the claimed bytes, outside of a batch. Every byte of its bytecode counts: see decision 10. */
  commitFast(): number {
    if (this.lastIndex !== Claim.OPEN) return this.commitSlow()
    const { words, index, sequence_: sequence } = this
    const next = index + this.claimSize
    const word = index >> 2
    this.lastIndex = this.nextLastIndex
    this.index = next
    this.sequence_ = (sequence + 1) | 0
    words[word + 1] = sequence
    words[(next & this.mask) >> 2] = 0
    return this.publishAndLook(words, word, this.claimCommit, this.sleeping)
  }

  /** Gives the claimed room back: readers see nothing of the claim. */
  abort(): void {
    if (this.lastIndex === Claim.OPEN || this.lastIndex === Claim.OPEN_IN_BATCH) this.lastIndex = this.nextLastIndex
  }

  /**
   * Keeps the open claim as it is until `release`: `claim` and `commit` throw, and `abort` does nothing. For the time that a value is
   * written: its getters are code of the caller.
   */
  hold(): void {
    this.lastIndex = Claim.FILLING
  }

  /** True between `hold` and `release`, and while `fill` or `write` runs. */
  get isHeld(): boolean {
    return this.lastIndex === Claim.FILLING
  }

  release(): void {
    this.lastIndex = this.batching ? Claim.OPEN_IN_BATCH : Claim.OPEN
  }

  /**
   * Begins a batch: later commits are not published until `endBatch` publishes all of them by one store.
   *
   * @throws TypeError while a claim or a batch is open
   */
  beginBatch(): void {
    this.checkNoClaim()
    if (this.batching) throw new TypeError('the last batch has not been ended')
    this.batchPosition = this.position
    this.batchSequence = this.sequence_
    this.batching = true
    this.lastIndex = Claim.UNKNOWN
  }

  /** True between `beginBatch` and `endBatch`. */
  get isBatching(): boolean {
    return this.batching
  }

  /**
   * Publishes the batch.
   *
   * @returns not 0 if readers that wait for the batch may be asleep
   */
  endBatch(): number {
    this.batching = false
    const { heldIndex } = this
    if (heldIndex === -1) return 0
    this.heldIndex = -1
    this.lastInBatch = -1
    this.words[(this.index & this.mask) >> 2] = 0
    return this.publishAndLook(this.words, heldIndex >> 2, this.heldCommit, this.sleeping)
  }

  private commitSlow(length = this.claimLength): number {
    if (this.lastIndex !== Claim.OPEN && this.lastIndex !== Claim.OPEN_IN_BATCH)
      throw new TypeError('nothing is claimed: call claim first')
    if (!(length >= 0 && length <= this.claimLength) || (length | 0) !== length) {
      throw new RangeError(`length ${length} is not a whole number from 0 to the ${this.claimLength} bytes claimed`)
    }
    this.lastIndex = this.nextLastIndex
    this.words[(this.index >> 2) + 1] = this.sequence_
    this.sequence_ = (this.sequence_ + 1) | 0
    return this.append(recordLength(length), commitWord(length, KIND_MESSAGE))
  }

  private beginLap(): void {
    if (this.index !== this.capacity) return
    this.lastIndex = Claim.UNKNOWN // it belonged to the lap before
    this.lap = (this.lap + this.capacity) | 0
    this.index = 0
  }

  /** Returns how many bytes of padding a record needs before it, so that it does not cross the end of the ring. */
  private paddingBefore(size: number): number {
    this.beginLap()
    const toEnd = this.capacity - this.index
    return size > toEnd ? toEnd : 0
  }

  private checkNoClaim(): void {
    if (this.lastIndex < Claim.UNKNOWN) throw new TypeError('a claimed message is pending: commit or abort it first')
  }

  /** @throws RangeError for a length that no message of this lane can have */
  checkLength(length: number): void {
    if (length >= 0 && length <= this.maxMessageLength && (length | 0) === length) return
    if (length > this.maxMessageLength) throw tooLong(length, this.capacity)
    throw new RangeError(`message length ${length} is not a whole number from 0 to ${this.maxMessageLength}`)
  }

  private mayFill(size: number): boolean {
    const needed = size + RECORD_HEADER_LENGTH // the zero behind the record needs room, too
    if (((this.limit - this.position) | 0) >= needed) return true
    this.limit = this.refreshLimit(this, needed)
    return ((this.limit - this.position) | 0) >= needed
  }

  /**
   * Adds up to `count` messages of one length to the batch. Never blocks, allocates nothing.
   *
   * @param view shows a payload in place
   * @param each fills what `view` shows; if it throws, the messages filled before stay in the batch
   * @param first the index that `each` gets first
   * @returns how many found room
   * @throws TypeError while a claim is open, or if no batch is open
   */
  fill<View>(
    count: number,
    length: number,
    view: PayloadView<View>,
    each: (message: View, index: number) => void,
    first = 0,
  ): number {
    return this.fillRuns(
      count,
      length,
      this.fillEachOutOfLine,
      view,
      each as (message: unknown, index: number) => void,
      first,
    )
  }

  /**
   * Adds messages of one length to the batch, as `fill` does.
   *
   * @param values their values, from index `first` on
   * @param write writes a value, or throws
   * @returns how many found room
   */
  write<T>(
    values: readonly T[],
    first: number,
    length: number,
    write: (data: DataView, offset: number, value: T) => void,
  ): number {
    const writeAny = write as (data: DataView, offset: number, value: unknown) => void
    return this.fillRuns(values.length - first, length, this.writeEachOutOfLine, values, writeAny, first)
  }

  private fillRuns<A, B>(count: number, length: number, loop: Loop<A, B>, a: A, b: B, first: number): number {
    if (!this.batching) throw new TypeError('no batch has been begun')
    let done = 0
    while (done < count && this.claim(length) !== -1) done += this.fillRun(count - done, loop, a, b, first + done)
    return done
  }

  /** Writes what fits in one piece, from the claimed record on. */
  private fillRun<A, B>(most: number, loop: Loop<A, B>, a: A, b: B, first: number): number {
    const { index: start, claimSize: size } = this
    const room = Math.min(this.capacity, ((this.limit - this.lap) | 0) - RECORD_HEADER_LENGTH) - start
    const count = Math.min(most, Math.floor(room / size))
    this.lastIndex = Claim.FILLING
    this.filled = 0
    try {
      loop[0].call(this, count, a, b, first)
    } finally {
      this.lastIndex = Claim.UNKNOWN
      if (this.filled !== 0) this.appendRun(start, this.filled, size, this.claimCommit)
    }
    return this.filled
  }

  /** Out of line: everything that V8 may inline here goes to `each` and its accessors. */
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

  /** The same loop as in `fillEach`. Each has its own code, so that V8 knows what it calls. */
  private writeEach<T>(
    count: number,
    values: readonly T[],
    write: (data: DataView, offset: number, value: T) => void,
    first: number,
  ): void {
    const { data, words, sequence_: sequence, index: start, claimSize: size, claimCommit: commit } = this
    const held = this.heldIndex === -1 ? start : this.heldIndex
    let index = start
    for (let filled = 0; filled < count; filled++) {
      write(data, index + RECORD_HEADER_LENGTH, values[first + filled] as T)
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

  private append(size: number, commit: number): number {
    const { words, index } = this
    this.index = index + size
    if (!this.batching) {
      words[(this.index & this.mask) >> 2] = 0
      return this.publishAndLook(words, index >> 2, commit, this.sleeping)
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
    return 0
  }
}
