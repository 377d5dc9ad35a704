/**
 * The control part of a stream: who takes part, how far each has come, and who sleeps. The lanes are not touched here.
 *
 * Flow control, with overflow "wait". A producer may fill its lane up to the oldest position among the live consumers plus
 * the capacity. It announces the oldest as its base, then looks at the live consumers once more, and takes the limit from
 * the base or, where one of them is behind that, from this second look. A joiner becomes live, holds the base that it sees,
 * and looks at the base once more until it is the one it holds. Whichever of the two comes later sees the other: a joiner is
 * never overtaken.
 *
 * Sleeping. A sleeper counts its epoch, sets its bit, looks once more for what it waits for, and only then sleeps. Who has
 * something for it publishes that, then loads the mask, and rings each sleeper whose epoch it has not rung yet. Nobody but
 * the sleeper touches its bit and its epoch: a peer that dies or stops between looking and ringing takes nobody's ring away.
 */

import type { StreamHeader } from '../channel/channel-header.js'
import { findEnd, LaneReader, LaneWriter } from '../lane/lane.js'
import { LayoutError } from '../layout/layout-error.js'
import {
  announceBase,
  announceWideBase,
  clearBits,
  countUp,
  loadBaseAfterCopy,
  loadMask,
  loadMaskInOrder,
  loadOwned,
  loadWideBase,
  setBits,
  storeOwned,
  storeRelease,
  storeReleaseInOrder,
  wordsOf,
} from '../memory/atomics.js'
import {
  ACTIVE_INDEX,
  BASE,
  CONSUMER_EPOCH,
  consumerSlotIndex,
  END,
  EPOCH,
  LIVE_INDEX,
  OPENINGS_INDEX,
  POSITIONS,
  producerSlotIndex,
  SEQUENCE,
  SLEEPING_CONSUMERS_INDEX,
  SLEEPING_PRODUCERS_INDEX,
  STATE,
  STATE_CLOSED,
  STATE_OPEN,
} from './stream-layout.js'

/** A producer moves its base once or twice before it sees a joiner, and then no more. */
const MOST_LOOKS = 1000

/** How a producer slot was left: `open` means that its holder, if there is none any more, did not close it. */
export type ProducerState = 'unused' | 'open' | 'closed'

/** The words of a stream's control part. */
export class StreamControl {
  readonly header: StreamHeader
  readonly inOrder: boolean
  readonly words: Int32Array
  readonly wideWords: BigInt64Array
  /** `loadMask`, or its twin where `inOrder`; likewise `storeRelease`. */
  readonly loadMask: typeof loadMask
  readonly storeRelease: typeof storeRelease
  /** Words of the two masks of 64 bits that have a meaning: 1 or 2. */
  private readonly producerMaskWords: number

  /**
   * @param buffer the control part: the memory up to its first lane
   * @param inOrder whether messages are published and looked for by plain accesses: see publishAndLookInOrder
   */
  constructor(buffer: ArrayBuffer, header: StreamHeader, inOrder = false) {
    this.header = header
    this.inOrder = inOrder
    this.loadMask = inOrder ? loadMaskInOrder : loadMask
    this.storeRelease = inOrder ? storeReleaseInOrder : storeRelease
    this.words = wordsOf(buffer)
    this.wideWords = new BigInt64Array(buffer)
    this.producerMaskWords = header.producers > 32 ? 2 : 1
  }

  /** Which lanes consumers look at: bit j of two words. */
  activeMask(word: number): number {
    return word < this.producerMaskWords ? this.loadMask(this.words, ACTIVE_INDEX + word) : 0
  }

  /** Changes whenever a lane becomes active: it may have ceased to be since. Load it before the masks. */
  get openings(): number {
    return this.loadMask(this.words, OPENINGS_INDEX)
  }

  /** The word of `openings`, for a quick look by a plain load: one that is late by a message or two does no harm. */
  get openingsWord(): Int32Array {
    return this.words.subarray(OPENINGS_INDEX, OPENINGS_INDEX + 1)
  }

  stateOf(producer: number): ProducerState {
    const state = loadOwned(this.words, producerSlotIndex(producer) + STATE)
    return state === STATE_OPEN ? 'open' : state === STATE_CLOSED ? 'closed' : 'unused'
  }

  /** The oldest position of a lane that is sure to stay, in wrapping bytes. */
  baseOf(producer: number): number {
    return loadOwned(this.words, producerSlotIndex(producer) + BASE)
  }

  /** The same where the base is kept in 64 bits: not wrapping. Allocates. */
  wideBaseOf(producer: number): number {
    return loadWideBase(this.wideWords, (producerSlotIndex(producer) + BASE) >> 1)
  }

  /** A recent end of a lane, or its base when what stands there cannot be one. */
  recentEndOf(producer: number): number {
    const base = this.baseOf(producer)
    const end = loadOwned(this.words, producerSlotIndex(producer) + END)
    const held = (end - base) | 0
    return held >= 0 && held <= this.header.capacity ? end : base
  }

  /** The number of the message at the recent end, or of a later one. */
  recentSequenceOf(producer: number): number {
    return loadOwned(this.words, producerSlotIndex(producer) + SEQUENCE)
  }

  /** Tells whether a record that begins at this position (not wrapping) has stayed whole until now. Allocates nothing. */
  hasStayed(producer: number, position: number): boolean {
    const index = producerSlotIndex(producer) + BASE
    // Low half first: should the high half be the position's, then the low half was of that turn or of an earlier one.
    const low = loadBaseAfterCopy(this.words, index) >>> 0
    const high = loadOwned(this.words, index + 1)
    const positionHigh = Math.floor(position / 0x1_0000_0000)
    if (high >>> 0 === positionHigh && low <= position >>> 0) return true
    return this.wideBaseOf(producer) <= position // also where the halves were of two bases
  }

  /** Bit i is set for each consumer that holds the producers back. */
  liveConsumers(): number {
    const { consumers } = this.header
    const possible = consumers === 32 ? -1 : (1 << consumers) - 1
    return loadMask(this.words, LIVE_INDEX) & possible
  }

  /** Where a consumer says that it stands in a lane. */
  positionOf(consumer: number, producer: number): number {
    return loadOwned(this.words, consumerSlotIndex(consumer, this.header.producers) + POSITIONS + producer)
  }

  /** Removes a consumer that has died: call it holding the consumer's lease. */
  evict(consumer: number): void {
    clearBits(this.words, LIVE_INDEX, 1 << consumer)
    clearBits(this.words, SLEEPING_CONSUMERS_INDEX, 1 << consumer)
  }
}

/** Calls back for each bit of a mask that is set. */
export function forEachBit(mask: number, visit: (bit: number) => void): void {
  for (let rest = mask; rest !== 0; rest &= rest - 1) visit(31 - Math.clz32(rest & -rest))
}

/** What a producer writes of the control part. Make one only while holding the producer's lease. */
export class ProducerSlot {
  readonly producer: number
  private readonly control: StreamControl
  private readonly index: number
  private readonly walker: LaneReader
  private readonly keepsLatest: boolean
  private readonly wide: boolean
  /** Not wrapping where `wide`. */
  private base: number
  readonly lane: LaneWriter

  /**
   * Takes the lane up where its last whole message ends, and opens it.
   *
   * @param lane the lane's own memory
   * @throws LayoutError `CORRUPT` when its records lead nowhere
   */
  constructor(control: StreamControl, producer: number, lane: ArrayBuffer) {
    const { capacity, overflow, withoutConsumers } = control.header
    this.control = control
    this.producer = producer
    this.index = producerSlotIndex(producer)
    this.wide = overflow === 'overwrite'
    this.keepsLatest = withoutConsumers === 'keep-latest'
    this.base = this.wide ? control.wideBaseOf(producer) : control.baseOf(producer)
    this.walker = new LaneReader(lane, 0, capacity, this.base | 0)
    const { words } = control
    clearBits(words, SLEEPING_PRODUCERS_INDEX + (producer >> 5), 1 << (producer & 31))
    const recent = { position: control.recentEndOf(producer), sequence: control.recentSequenceOf(producer) }
    const end = findEnd(lane, 0, capacity, recent)
    this.lane = new LaneWriter(lane, 0, capacity, this.refreshLimit, end, {
      sleeping: words.subarray(SLEEPING_CONSUMERS_INDEX, SLEEPING_CONSUMERS_INDEX + 1),
      inOrder: control.inOrder,
    })
    storeOwned(words, this.index + STATE, STATE_OPEN)
    setBits(words, ACTIVE_INDEX + (producer >> 5), 1 << (producer & 31))
    countUp(words, OPENINGS_INDEX)
  }

  /** Announces an orderly end: everything sent stays readable. */
  close(): void {
    const { words } = this.control
    this.announceEnd(this.lane)
    storeOwned(words, this.index + STATE, STATE_CLOSED)
    clearBits(words, ACTIVE_INDEX + (this.producer >> 5), 1 << (this.producer & 31))
    clearBits(words, SLEEPING_PRODUCERS_INDEX + (this.producer >> 5), 1 << (this.producer & 31))
  }

  /**
   * Tells whether every live consumer has taken all messages before this position.
   *
   * @throws LayoutError `CORRUPT` when a consumer says that it stands where no record begins
   */
  isTaken(position: number): boolean {
    const { control, walker } = this
    for (let rest = control.liveConsumers(); rest !== 0; rest &= rest - 1) {
      const taken = control.positionOf(31 - Math.clz32(rest & -rest), this.producer)
      const left = (position - taken) | 0
      if (left <= 0 || left > control.header.capacity) continue
      walker.restart(taken)
      if (walker.next() !== -1) return false // else a claim given back has left padding, for which nobody is woken
    }
    return true
  }

  private announceEnd(lane: LaneWriter): void {
    const { words } = this.control
    const { position, sequence } = lane.published
    storeOwned(words, this.index + SEQUENCE, sequence)
    storeOwned(words, this.index + END, position)
  }

  private readonly refreshLimit = (lane: LaneWriter, needed: number): number => {
    const { control } = this
    const { capacity } = control.header
    this.announceEnd(lane) // before the base: who takes the lane up finds no number at a base that is beyond the end
    if (this.wide) {
      this.makeRoom(lane, needed)
      return (this.base + capacity) | 0
    }
    const live = control.liveConsumers()
    if (live === 0) {
      if (this.keepsLatest) this.makeRoom(lane, needed)
    } else {
      const held = Math.min(this.heldBytes(live, lane), (lane.position - this.base) | 0)
      const oldest = (lane.position - held) | 0
      if (oldest !== this.base) this.announce(oldest)
    }
    // Never beyond the base, wherever they have come meanwhile: there a joiner begins.
    const held = Math.max((lane.position - this.base) | 0, this.heldBytes(control.liveConsumers(), lane))
    return (lane.position - held + capacity) | 0
  }

  /**
   * How far the slowest of these consumers is behind, in bytes. It may be older than the base, when it joined while the base
   * was announced. One that says something impossible is at the base: also one that has come into a batch that is not
   * published, which would be overwritten before anybody sees it.
   */
  private heldBytes(live: number, { position, published }: LaneWriter): number {
    const { control } = this
    const { capacity } = control.header
    const unpublished = (position - published.position) | 0
    let held = 0
    for (let rest = live; rest !== 0; rest &= rest - 1) {
      const behind = (position - control.positionOf(31 - Math.clz32(rest & -rest), this.producer)) | 0
      held = Math.max(held, behind >= unpublished && behind <= capacity ? behind : (position - this.base) | 0)
    }
    return held
  }

  /**
   * Gives up the oldest records until there is room; a sixteenth of the lane at a time, so that it is seldom. All of them when
   * they are no records any more: some peer has scribbled, and the producer goes on.
   */
  private makeRoom(lane: LaneWriter, needed: number): void {
    const { position } = lane
    const { capacity } = this.control.header
    const { walker } = this
    const wanted = Math.max(needed, capacity >>> 4)
    const mostHeld = capacity - wanted
    let held = (position - this.base) | 0
    if (held <= mostHeld) return
    walker.restart(this.base)
    const end = lane.published.position
    try {
      while (held > mostHeld && walker.next() !== -1) held = (position - walker.position) | 0
    } catch {
      walker.restart(end)
    }
    const left = (end - walker.position) | 0
    if (left < 0 || (left > 0 && held > mostHeld)) walker.restart(end)
    this.announce(this.base + ((walker.position - this.base) | 0))
  }

  private announce(base: number): void {
    this.base = base
    if (this.wide) announceWideBase(this.control.wideWords, (this.index + BASE) >> 1, base)
    else announceBase(this.control.words, this.index + BASE, base)
  }
}

/** What a consumer writes of the control part. Make one only while holding the consumer's lease. */
export class ConsumerSlot {
  readonly consumer: number
  private readonly control: StreamControl
  private readonly positionsIndex: number

  constructor(control: StreamControl, consumer: number) {
    this.control = control
    this.consumer = consumer
    this.positionsIndex = consumerSlotIndex(consumer, control.header.producers) + POSITIONS
    control.evict(consumer) // a predecessor that died
  }

  /**
   * Becomes live, in every lane at the oldest record that is still there. From now on producers wait for it.
   *
   * @throws LayoutError `CORRUPT` when a base does not come to rest, and nobody is joined
   */
  join(): void {
    const { control, positionsIndex } = this
    const { words, header } = control
    for (let producer = 0; producer < header.producers; producer++) {
      storeOwned(words, positionsIndex + producer, control.baseOf(producer))
    }
    setBits(words, LIVE_INDEX, 1 << this.consumer)
    for (let producer = 0; producer < header.producers; producer++) {
      if (this.hold(producer)) continue
      this.leave()
      const offset = (producerSlotIndex(producer) + BASE) * 4
      throw new LayoutError('CORRUPT', offset, `the base at offset ${offset} does not come to rest`)
    }
  }

  /** Takes the base of a lane for the own position, until it has stayed what it was. */
  private hold(producer: number): boolean {
    const { control, positionsIndex } = this
    let held = control.baseOf(producer)
    for (let look = 0; look < MOST_LOOKS; look++) {
      storeOwned(control.words, positionsIndex + producer, held)
      const seen = control.baseOf(producer)
      if (seen === held) return true
      held = seen
    }
    return false
  }

  /** Gives back what is older in a lane. */
  release(producer: number, position: number): void {
    this.control.storeRelease(this.control.words, this.positionsIndex + producer, position)
  }

  leave(): void {
    this.control.evict(this.consumer)
  }
}

/** One participant's own sleep, for the others to see. */
export class SleepMark {
  private readonly words: Int32Array
  private readonly maskIndex: number
  private readonly bit: number
  private readonly epochIndex: number

  private constructor(words: Int32Array, maskIndex: number, bit: number, epochIndex: number) {
    this.words = words
    this.maskIndex = maskIndex
    this.bit = bit
    this.epochIndex = epochIndex
  }

  static ofConsumer({ words, header }: StreamControl, consumer: number): SleepMark {
    const epochIndex = consumerSlotIndex(consumer, header.producers) + CONSUMER_EPOCH
    return new SleepMark(words, SLEEPING_CONSUMERS_INDEX, 1 << consumer, epochIndex)
  }

  static ofProducer({ words }: StreamControl, producer: number): SleepMark {
    const maskIndex = SLEEPING_PRODUCERS_INDEX + (producer >> 5)
    return new SleepMark(words, maskIndex, 1 << (producer & 31), producerSlotIndex(producer) + EPOCH)
  }

  /** Look once more for what you wait for between this and the sleep. */
  set(): void {
    const epoch = loadOwned(this.words, this.epochIndex)
    storeOwned(this.words, this.epochIndex, epoch === -1 ? 1 : (epoch + 1) | 0) // never 0, where those who ring begin
    setBits(this.words, this.maskIndex, this.bit)
  }

  clear(): void {
    if (this.words.length === 0) return // the memory has been closed, and everything cleared with it
    clearBits(this.words, this.maskIndex, this.bit)
  }
}

/** The sleepers of the other side, for one that may have something for them. */
export class Sleepers {
  private readonly words: Int32Array
  private readonly maskIndex: number
  private readonly epochIndexes: readonly number[]
  private readonly hasSecond: boolean
  private readonly loadMask: typeof loadMask
  private readonly rung: Int32Array

  private constructor(control: StreamControl, maskIndex: number, epochIndexes: readonly number[]) {
    this.loadMask = control.loadMask
    this.words = control.words
    this.maskIndex = maskIndex
    this.hasSecond = epochIndexes.length > 32
    this.epochIndexes = epochIndexes
    this.rung = new Int32Array(epochIndexes.length)
  }

  static consumers(control: StreamControl): Sleepers {
    const { header } = control
    const indexes = Array.from({ length: header.consumers }, (_, consumer) => {
      return consumerSlotIndex(consumer, header.producers) + CONSUMER_EPOCH
    })
    return new Sleepers(control, SLEEPING_CONSUMERS_INDEX, indexes)
  }

  static producers(control: StreamControl): Sleepers {
    const { header } = control
    const indexes = Array.from({ length: header.producers }, (_, producer) => producerSlotIndex(producer) + EPOCH)
    return new Sleepers(control, SLEEPING_PRODUCERS_INDEX, indexes)
  }

  /** Tells whether anybody sleeps: ask after what they wait for has been published. */
  any(): boolean {
    return this.loadMask(this.words, this.maskIndex) !== 0 || (this.hasSecond && this.anyInSecond())
  }

  private anyInSecond(): boolean {
    return this.loadMask(this.words, this.maskIndex + 1) !== 0
  }

  /**
   * Calls back, once for each sleep, for each that sleeps: again, should it throw. Allocates nothing: until a sleeper is up,
   * each message comes this way.
   */
  forEachNew(ring: (number: number) => void): void {
    this.forEachNewOf(loadMask(this.words, this.maskIndex), 0, ring)
    if (this.hasSecond) this.forEachNewOf(loadMask(this.words, this.maskIndex + 1), 32, ring)
  }

  private forEachNewOf(mask: number, first: number, ring: (number: number) => void): void {
    for (let rest = mask; rest !== 0; rest &= rest - 1) {
      const number = first + 31 - Math.clz32(rest & -rest)
      const epochIndex = this.epochIndexes[number]
      if (epochIndex === undefined) continue // bits that no slot has: a peer scribbles
      const epoch = loadOwned(this.words, epochIndex)
      if (epoch === this.rung[number]) continue
      ring(number)
      this.rung[number] = epoch
    }
  }
}
