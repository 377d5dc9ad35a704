/**
 * The control part of a stream: its participants, their positions, and their sleep marks. Lanes are not touched here.
 *
 * Flow control, with overflow "wait". A producer may fill its lane up to the oldest position among the live consumers plus
 * the capacity. It announces the oldest position as its base, then loads the live consumers once more, and takes the limit
 * from the base or, if a consumer is behind the base, from this second load. A joining consumer becomes live, stores the base as
 * its position, and loads the base again; it repeats this until the base has not changed. The later of the two participants sees
 * the store of the earlier one. So a producer never overtakes a joining consumer.
 */

import { Side } from '../channel/side.js'
import { SleepMark } from '../channel/sleepers.js'
import {
  clearBits,
  loadBaseAfterCopy,
  loadMask,
  loadMaskInOrder,
  loadOwned,
  loadWideBase,
  storeOwned,
  storeRelease,
  storeReleaseInOrder,
  wordsOf,
} from '../memory/atomics.js'
import type { StreamHeader } from './stream-header.js'
import {
  ACTIVE_INDEX,
  BASE,
  CONSUMER_READY,
  consumerSide,
  END,
  LIVE_INDEX,
  OPENINGS_INDEX,
  POSITIONS,
  producerSide,
  SEQUENCE,
  STATE,
  STATE_CLOSED,
  STATE_OPEN,
} from './stream-layout.js'

/** The state of a producer slot. `open` without a holder of the lease means that its producer died. */
export type ProducerState = 'unused' | 'open' | 'closed'

/** Reads a stream's control part, for every participant. ProducerSlot and ConsumerSlot write to it. */
export class StreamControl {
  readonly header: StreamHeader
  readonly producers: Side
  readonly consumers: Side
  readonly inOrder: boolean
  readonly words: Int32Array
  readonly wideWords: BigInt64Array
  /** `loadMask`, or its twin if `inOrder`; likewise `storeRelease`. */
  readonly loadMask: typeof loadMask
  readonly storeRelease: typeof storeRelease
  /** How many words of the two-word masks have a meaning: 1 or 2. TypeScript-private for speed: see LaneWriter. */
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
    this.producers = new Side(this.words, producerSide(header), inOrder)
    this.consumers = new Side(this.words, consumerSide(header), inOrder)
    this.producerMaskWords = header.maxProducers > 32 ? 2 : 1
  }

  /** Returns one of the two words in which bit j (of 64) is set if lane j is active: consumers read the active lanes. */
  activeMask(word: number): number {
    return word < this.producerMaskWords ? this.loadMask(this.words, ACTIVE_INDEX + word) : 0
  }

  /** A counter that changes whenever a lane becomes active, even if the lane has closed since. Load it before the masks. */
  get openings(): number {
    return this.loadMask(this.words, OPENINGS_INDEX)
  }

  /** The word of `openings`, for a quick check by a plain load, which may see a change one or two messages late. */
  get openingsWord(): Int32Array {
    return this.words.subarray(OPENINGS_INDEX, OPENINGS_INDEX + 1)
  }

  stateOf(producer: number): ProducerState {
    const state = loadOwned(this.words, this.producers.slotIndex(producer) + STATE)
    return state === STATE_OPEN ? 'open' : state === STATE_CLOSED ? 'closed' : 'unused'
  }

  /** The oldest position of a lane that is sure to stay, in wrapping bytes. */
  baseOf(producer: number): number {
    return loadOwned(this.words, this.producers.slotIndex(producer) + BASE)
  }

  /** Same as `baseOf`, for overflow "overwrite", which keeps the base in 64 bits: the position does not wrap. Allocates. */
  wideBaseOf(producer: number): number {
    return loadWideBase(this.wideWords, (this.producers.slotIndex(producer) + BASE) >> 1)
  }

  /** Same as `baseOf`, after a record was copied: the record was whole if it does not begin before the base. */
  baseAfterCopy(producer: number): number {
    return loadBaseAfterCopy(this.words, this.producers.slotIndex(producer) + BASE)
  }

  /** A recent end of a lane. If the word for the end is impossible, the base of the lane. */
  recentEndOf(producer: number): number {
    const base = this.baseOf(producer)
    const end = loadOwned(this.words, this.producers.slotIndex(producer) + END)
    const held = (end - base) | 0
    return held >= 0 && held <= this.header.capacity ? end : base
  }

  /** The number of the message at the recent end, or of a later one. */
  recentSequenceOf(producer: number): number {
    return loadOwned(this.words, this.producers.slotIndex(producer) + SEQUENCE)
  }

  /** Tells whether a record that begins at this position (not wrapping) has stayed whole until now. Allocates nothing. */
  hasStayed(producer: number, position: number): boolean {
    const index = this.producers.slotIndex(producer) + BASE
    // Low half first: if the high half equals the position's, then the low half belonged to that high half or to an earlier one.
    const low = loadBaseAfterCopy(this.words, index) >>> 0
    const high = loadOwned(this.words, index + 1)
    const positionHigh = Math.floor(position / 0x1_0000_0000)
    if (high >>> 0 === positionHigh && low <= position >>> 0) return true
    return this.wideBaseOf(producer) <= position // also if the halves were of two bases
  }

  /** Bit i is set for each consumer that producers wait for. A consumer that died keeps its bit until a peer evicts it. */
  liveConsumers(): number {
    const { maxConsumers } = this.header
    const possible = maxConsumers === 32 ? -1 : (1 << maxConsumers) - 1
    return loadMask(this.words, LIVE_INDEX) & possible
  }

  /** True if a consumer has chosen where to begin. It may have died since. */
  isReady(consumer: number): boolean {
    return loadOwned(this.words, this.consumers.slotIndex(consumer) + CONSUMER_READY) === 1
  }

  /** The position that a consumer has announced in a lane. */
  positionOf(consumer: number, producer: number): number {
    return loadOwned(this.words, this.consumers.slotIndex(consumer) + POSITIONS + producer)
  }

  /** Removes a consumer that has died. The caller must hold the consumer's lease. */
  evict(consumer: number): void {
    storeOwned(this.words, this.consumers.slotIndex(consumer) + CONSUMER_READY, 0)
    clearBits(this.words, LIVE_INDEX, 1 << consumer)
    SleepMark.of(this.consumers, consumer).clear()
  }
}
