/**
 * The producer's side of its slots. SlotWriter and RingCursor are mirrors.
 *
 *   claim     finds a free slot among the producer's own. Nobody else fills them, so a claim changes nothing in memory
 *   publish   the payload, the base, the length and the word of the slot, in any order; then the entry of the ring; then, ordered
 *             after all of that, the end of the ring: this single store makes the message visible
 *   batch     several slots are filled, and their entries stored; one store of the end publishes all of them
 *
 * The members are TypeScript-private for speed: see LaneWriter.
 */

import type { PayloadView } from '../codec/codec.js'
import { loadSlot, loadTail, publishTail, storeSlot } from '../memory/atomics.js'
import { outOfLine } from '../memory/out-of-line.js'
import { generationOfEntry, ringEntry, slotOfEntry } from './ring-entry.js'
import type { SlotTable } from './slot-table.js'
import { FREE, generationOf, kindOf, READY, withKind } from './slot-word.js'
import { BASE, LENGTH, SENT_AT, SLOT_HEADER_LENGTH } from './slots-layout.js'

enum Claim {
  /** No claim is open. The next one may have another length than the last. */
  UNKNOWN = 0,
  /** No claim is open. `claimFast` is possible. */
  NONE = 1,
  /** A claim is open, and `commit` publishes it, or adds it to the batch. */
  OPEN = 2,
  /** A value is being written, or `fill` is running: `claim` and `commit` throw, and `abort` does nothing. */
  FILLING = 3,
}

/** How many slots `hasRoomNear` checks besides the one whose turn it is. */
const NEAR = 4

/** A function that fills up to `count` slots, the claimed one first. Returns how many it filled. */
type Loop<A, B> = readonly [(this: SlotWriter, count: number, a: A, b: B, first: number) => void]

export class SlotWriter {
  readonly data: DataView
  readonly maxMessageLength: number
  private readonly words: Int32Array
  private readonly doubles: Float64Array
  private readonly capacity: number
  private readonly firstIndex: number
  private readonly stride: number
  private readonly ringIndex: number
  private readonly ringMask: number
  private readonly tailIndex: number
  private readonly sleepMask: number
  private readonly clock: () => number
  private readonly remedy: string
  /** The position of the next entry. In a batch, ahead of the published end. */
  private end: number
  /** The slot to try first, and its word in memory. */
  private slot = 0
  private index: number
  /** The word of the claimed slot. */
  private word = 0
  private claimLength = -1
  private state: number = Claim.UNKNOWN
  private batching = false
  /** Where the open batch began. */
  private batchStart = 0
  /** How many messages `fill` has filled. */
  private filled = 0
  /** Bit k is set if the last search for a free slot has seen a slot of kind k. */
  private kindsSeen = 0
  /** The slot that `hasRoomNear` checked last. */
  private near = 0
  /** The position of the last message of each slot. */
  private readonly positions: Int32Array
  private readonly findFreeOutOfLine = outOfLine(this.findFree)
  private readonly fillEachOutOfLine = outOfLine(this.fillEach)
  private readonly writeEachOutOfLine = outOfLine(this.writeEach)

  /**
   * Takes over a producer's slots. Make one only while holding the producer's lease, after its ProducerPlace.
   *
   * @param clock tells about when a message is sent, in milliseconds
   * @param remedy the last sentence of the error for a message that is too long
   */
  constructor(table: SlotTable, producer: number, clock: () => number, remedy: string) {
    const { words, doubles, data, capacity, maxMessageLength, slotStride, consumers } = table
    this.data = data
    this.maxMessageLength = maxMessageLength
    this.words = words
    this.doubles = doubles
    this.capacity = capacity
    this.firstIndex = table.slotIndex(producer, 0)
    this.stride = slotStride
    this.ringIndex = table.ringIndex(producer)
    this.ringMask = 2 * capacity - 1
    this.tailIndex = table.tailIndex(producer)
    this.sleepMask = consumers.sleepMask
    this.clock = clock
    this.remedy = remedy
    this.index = this.firstIndex
    this.end = loadTail(words, this.tailIndex)
    this.positions = new Int32Array(capacity).fill(this.end - 1) // those of the predecessors are older
    this.freeUnpublished()
    this.goOnBehind(slotOfEntry(doubles[this.ringIndex + ((this.end - 1) & this.ringMask)] as number))
  }

  /** The position of the next message: counts the messages, and wraps. */
  get position(): number {
    return this.end
  }

  /** True between `hold` and `release`, and while `fill` or `write` runs. */
  get isHeld(): boolean {
    return this.state === Claim.FILLING
  }

  /** True between `beginBatch` and `endBatch`. */
  get isBatching(): boolean {
    return this.batching
  }

  /**
   * Tells whether `claim` would find a slot now. Takes nothing.
   *
   * @throws RangeError for a length above `maxMessageLength`
   */
  hasRoom(length: number): boolean {
    this.checkLength(length)
    return kindOf(loadSlot(this.words, this.index)) === FREE || this.findFree()
  }

  /**
   * A quick check after `hasRoom` was false, for calls in a loop: the slot whose turn it is, which usually becomes free first, and a few
   * others, each time the next ones. Checking all slots each time would keep their cache lines away from the consumers.
   *
   * @returns true if `claim` would find a slot now; false if these few are not free
   */
  hasRoomNear(): boolean {
    const { words, firstIndex, stride } = this
    if (kindOf(loadSlot(words, this.index)) === FREE) return true
    for (let checked = 0; checked < NEAR; checked++) {
      const slot = this.near + 1 === this.capacity ? 0 : this.near + 1
      this.near = slot
      if (kindOf(loadSlot(words, firstIndex + slot * stride)) !== FREE) continue
      this.slot = slot
      this.index = firstIndex + slot * stride
      return true
    }
    return false
  }

  /** After a claim, `fill`, `write` or `hasRoom` found no free slot: tells whether it saw a slot of this kind. */
  hasSeen(kind: number): boolean {
    return (this.kindsSeen & (1 << kind)) !== 0
  }

  /**
   * Tells whether a slot still holds a message that was sent before a position.
   *
   * @param isSettled tells for a kind of word whether the message is done with
   */
  holdsBefore(position: number, isSettled: (kind: number) => boolean): boolean {
    for (let slot = 0; slot < this.capacity; slot++) {
      if (((position - (this.positions[slot] as number)) | 0) <= 0) continue
      if (!isSettled(kindOf(loadSlot(this.words, this.firstIndex + slot * this.stride)))) return true
    }
    return false
  }

  /**
   * Takes a free slot. The caller fills its payload in `data` and then commits it. Never blocks, allocates nothing.
   *
   * @returns where the payload begins, in bytes: a multiple of 8; -1 if no slot is free now
   * @throws RangeError for a length above `maxMessageLength`; TypeError while another claim is open
   */
  claim(length: number): number {
    if (this.state > Claim.NONE) throw new TypeError('a claimed message is pending: commit or abort it first')
    if (length !== this.claimLength) {
      this.checkLength(length)
      this.claimLength = length
    }
    this.state = Claim.NONE
    return this.claimFast()
  }

  /**
   * Fast path of `claim`: same length as the last claim.
   *
   * @returns -1 if no slot is free, or if `claim` is needed
   */
  claimFast(): number {
    if (this.state !== Claim.NONE) return -1
    let word = loadSlot(this.words, this.index)
    if (kindOf(word) !== FREE) {
      if (!this.findFreeOutOfLine[0].call(this)) return -1
      word = loadSlot(this.words, this.index)
    }
    this.word = word
    this.state = Claim.OPEN
    return this.index * 4 + SLOT_HEADER_LENGTH
  }

  /**
   * Publishes the claimed message, or adds it to the batch.
   *
   * @param length bytes of the payload, at most those claimed
   * @returns not 0 if consumers may be asleep; 0 in a batch: `endBatch` publishes it
   * @throws TypeError if nothing is claimed; RangeError for a length above what was claimed
   */
  commit(length?: number): number {
    return length === undefined ? this.commitFast() : this.commitSlow(length)
  }

  /** Fast path of `commit`: all of the claimed bytes. */
  commitFast(): number {
    if (this.state !== Claim.OPEN) throw nothingClaimed()
    this.state = Claim.NONE
    this.append(this.claimLength)
    return this.batching ? 0 : publishTail(this.words, this.tailIndex, this.end, this.sleepMask)
  }

  /** Forgets the claim: it has changed nothing that others look at. */
  abort(): void {
    if (this.state === Claim.OPEN) this.state = Claim.NONE
  }

  /** Keeps the open claim as it is until `release`. See LaneWriter.hold. */
  hold(): void {
    this.state = Claim.FILLING
  }

  release(): void {
    this.state = Claim.OPEN
  }

  /**
   * Begins a batch: later commits are not published until `endBatch` publishes all of them by one store.
   *
   * @throws TypeError while a claim or a batch is open
   */
  beginBatch(): void {
    if (this.state > Claim.NONE) throw new TypeError('a claimed message is pending: commit or abort it first')
    if (this.batching) throw new TypeError('the last batch has not been ended')
    this.batching = true
    this.batchStart = this.end
  }

  /**
   * Publishes the batch.
   *
   * @returns not 0 if consumers may be asleep
   */
  endBatch(): number {
    this.batching = false
    return this.end === this.batchStart ? 0 : publishTail(this.words, this.tailIndex, this.end, this.sleepMask)
  }

  /**
   * Adds up to `count` messages of one length to the batch. Never blocks, allocates nothing.
   *
   * @param view shows a payload in place
   * @param each fills what `view` shows; if it throws, the messages filled before stay in the batch
   * @param first the index that `each` gets first
   * @returns how many found a slot
   * @throws TypeError while a claim is open, or if no batch is open
   */
  fill<View>(
    count: number,
    length: number,
    view: PayloadView<View>,
    each: (message: View, index: number) => void,
    first = 0,
  ): number {
    return this.run(
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
   * @returns how many found a slot
   */
  write<T>(
    values: readonly T[],
    first: number,
    length: number,
    write: (data: DataView, offset: number, value: T) => void,
  ): number {
    const writeAny = write as (data: DataView, offset: number, value: unknown) => void
    return this.run(values.length - first, length, this.writeEachOutOfLine, values, writeAny, first)
  }

  /** @throws RangeError for a length that no message of this channel can have */
  checkLength(length: number): void {
    const { maxMessageLength } = this
    if (length >= 0 && length <= maxMessageLength && (length | 0) === length) return
    if (!(length > maxMessageLength)) {
      throw new RangeError(`message length ${length} is not a whole number from 0 to ${maxMessageLength}`)
    }
    throw new RangeError(
      `a message of ${length} bytes is longer than maxMessageLength ${maxMessageLength}. ${this.remedy}`,
    )
  }

  private commitSlow(length: number): number {
    if (this.state !== Claim.OPEN) throw nothingClaimed()
    if (!(length >= 0 && length <= this.claimLength) || (length | 0) !== length) {
      throw new RangeError(`length ${length} is not a whole number from 0 to the ${this.claimLength} bytes claimed`)
    }
    this.state = Claim.NONE
    this.append(length)
    return this.batching ? 0 : publishTail(this.words, this.tailIndex, this.end, this.sleepMask)
  }

  /** Makes the claimed slot ready and stores its entry. Then goes to the next slot. */
  private append(length: number): void {
    const { words, doubles, index, word, slot, end } = this
    const generation = generationOf(word)
    words[index + LENGTH] = length
    words[index + BASE] = generation
    doubles[(index >> 1) + SENT_AT] = this.clock()
    words[index] = withKind(word, READY)
    doubles[this.ringIndex + (end & this.ringMask)] = ringEntry(slot, generation)
    this.positions[slot] = end
    this.end = (end + 1) | 0
    if (slot + 1 === this.capacity) {
      this.slot = 0
      this.index = this.firstIndex
    } else {
      this.slot = slot + 1
      this.index = index + this.stride
    }
  }

  /** Begins behind the slot of the predecessor's last message: observers rely on the order (see untouched-slots.ts of inspect). */
  private goOnBehind(last: number): void {
    if (last < 0 || last + 1 >= this.capacity) return
    this.slot = last + 1
    this.index = this.firstIndex + this.slot * this.stride
  }

  /** Slow path: goes on to the next slot that is free. False if none is. */
  private findFree(): boolean {
    let { slot, index } = this
    let seen = 0
    for (let tried = 0; tried < this.capacity; tried++) {
      const kind = kindOf(loadSlot(this.words, index))
      if (kind === FREE) {
        this.slot = slot
        this.index = index
        return true
      }
      seen |= 1 << kind
      slot++
      index += this.stride
      if (slot === this.capacity) {
        slot = 0
        index = this.firstIndex
      }
    }
    this.kindsSeen = seen
    return false
  }

  private run<A, B>(count: number, length: number, loop: Loop<A, B>, a: A, b: B, first: number): number {
    if (!this.batching) throw new TypeError('no batch has been begun')
    this.filled = 0
    if (count <= 0 || this.claim(length) === -1) return 0
    this.state = Claim.FILLING
    try {
      loop[0].call(this, count, a, b, first)
    } finally {
      this.state = Claim.NONE
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
    const { claimLength: length } = this
    for (let filled = 0; filled < count; ) {
      each(view.at(this.index * 4 + SLOT_HEADER_LENGTH, length), first + filled)
      this.append(length)
      this.filled = ++filled
      if (filled < count && !this.goOn()) return
    }
  }

  /** The same loop as in `fillEach`. Each has its own code, so that V8 knows what it calls. */
  private writeEach<T>(
    count: number,
    values: readonly T[],
    write: (data: DataView, offset: number, value: T) => void,
    first: number,
  ): void {
    const { claimLength: length, data } = this
    for (let filled = 0; filled < count; ) {
      write(data, this.index * 4 + SLOT_HEADER_LENGTH, values[first + filled] as T)
      this.append(length)
      this.filled = ++filled
      if (filled < count && !this.goOn()) return
    }
  }

  /** Claims the next slot inside of `fill`. */
  private goOn(): boolean {
    if (kindOf(loadSlot(this.words, this.index)) !== FREE && !this.findFreeOutOfLine[0].call(this)) return false
    this.word = loadSlot(this.words, this.index)
    return true
  }

  /**
   * Frees the slots that a predecessor made ready, but did not publish before it died: no entry names them. Both outcomes are
   * right, because its `send` had not returned.
   */
  private freeUnpublished(): void {
    const { words, doubles, end, capacity } = this
    const published = new Map<number, number>()
    for (let back = capacity; back > 0; back--) {
      const entry = doubles[this.ringIndex + ((end - back) & this.ringMask)] as number
      const slot = slotOfEntry(entry)
      published.set(slot, generationOfEntry(entry, slot))
    }
    for (let slot = 0; slot < capacity; slot++) {
      const index = this.firstIndex + slot * this.stride
      const word = loadSlot(words, index)
      if (kindOf(word) !== READY || published.get(slot) === generationOf(word)) continue
      storeSlot(words, index, withKind(word, FREE))
    }
  }
}

function nothingClaimed(): TypeError {
  return new TypeError('nothing is claimed: call claim first')
}
