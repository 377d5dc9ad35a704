import { Side, type SidePlaces } from '../channel/side.js'
import { LayoutError } from '../layout/layout-error.js'
import { loadMask, loadOwned, wordsOf } from '../memory/atomics.js'
import { generationOfEntry, slotOfEntry } from './ring-entry.js'
import { generationOf, MAX_GENERATION, READY, slotWord } from './slot-word.js'
import {
  areaLength,
  areasOffset,
  BASE,
  consumerPlaces,
  DROPPED,
  LENGTH,
  LIVE_INDEX,
  NOTE_LENGTH,
  PID,
  producerPlaces,
  ringLength,
  SENT_AT,
  SLOT_HEADER_LENGTH,
  type SlotDimensions,
  STATE,
  STATE_CLOSED,
  STATE_OPEN,
  slotLength,
  TAIL,
  USED_INDEX,
} from './slots-layout.js'

/** The state of a producer's place. `open` without a holder of the lease means that its producer died. */
export type SlotProducerState = 'unused' | 'open' | 'closed'

/**
 * The words of a channel of slots, for every participant. A slot is known by the index of its state word. The members are
 * public, because each message goes through them: see decision 10.
 */
export class SlotTable {
  readonly producers: Side
  readonly consumers: Side
  readonly words: Int32Array
  /** The same memory as doubles, for entries and times. */
  readonly doubles: Float64Array
  readonly data: DataView
  readonly capacity: number
  readonly maxMessageLength: number
  /** Words from one slot to the next. */
  readonly slotStride: number
  readonly #areasOffset: number
  readonly #areaLength: number
  readonly #ringLength: number
  readonly #slotsLength: number
  readonly #possibleConsumers: number
  readonly #possibleProducers: readonly [number, number]

  /**
   * @param buffer the whole memory
   * @param names how a shape calls its producers and consumers in messages
   */
  constructor(
    buffer: ArrayBuffer,
    dimensions: SlotDimensions & { readonly schemaLength: number },
    names: { readonly producers?: Partial<SidePlaces>; readonly consumers?: Partial<SidePlaces> } = {},
  ) {
    const { capacity, maxMessageLength, maxProducers, maxConsumers, schemaLength } = dimensions
    this.words = wordsOf(buffer)
    this.doubles = new Float64Array(buffer, 0, buffer.byteLength >>> 3)
    this.data = new DataView(buffer)
    this.producers = new Side(this.words, { ...producerPlaces(dimensions), ...names.producers })
    this.consumers = new Side(this.words, { ...consumerPlaces(dimensions), ...names.consumers })
    this.capacity = capacity
    this.maxMessageLength = maxMessageLength
    this.slotStride = slotLength(dimensions) / 4
    this.#areasOffset = areasOffset(dimensions, schemaLength)
    this.#areaLength = areaLength(dimensions)
    this.#ringLength = ringLength(dimensions)
    this.#slotsLength = capacity * slotLength(dimensions)
    this.#possibleConsumers = lowBits(maxConsumers)
    this.#possibleProducers = [lowBits(Math.min(32, maxProducers)), lowBits(Math.max(0, maxProducers - 32))]
  }

  /** The double at which a producer's ring begins. */
  ringIndex(producer: number): number {
    return (this.#areasOffset + producer * this.#areaLength) / 8
  }

  /** The state word of a producer's slot. */
  slotIndex(producer: number, slot: number): number {
    return (this.#areasOffset + producer * this.#areaLength + this.#ringLength) / 4 + slot * this.slotStride
  }

  /** The word of a producer's end of its ring. */
  tailIndex(producer: number): number {
    return this.producers.slotIndex(producer) + TAIL
  }

  /** Where the payload of a slot begins, in bytes. */
  payloadOf(index: number): number {
    return index * 4 + SLOT_HEADER_LENGTH
  }

  /** The producer that owns a slot. */
  producerOf(index: number): number {
    return Math.floor((index * 4 - this.#areasOffset) / this.#areaLength)
  }

  /** The number of a slot among those of its producer. */
  slotOf(index: number): number {
    return (index - this.slotIndex(this.producerOf(index), 0)) / this.slotStride
  }

  /** Where the note of a slot begins, in bytes. */
  noteOf(index: number): number {
    const notes = this.#areasOffset + this.producerOf(index) * this.#areaLength + this.#ringLength + this.#slotsLength
    return notes + this.slotOf(index) * NOTE_LENGTH
  }

  /**
   * The length of the message in a slot.
   *
   * @throws LayoutError `CORRUPT`
   */
  lengthOf(index: number): number {
    const length = this.words[index + LENGTH] as number
    if (length >= 0 && length <= this.maxMessageLength) return length
    const offset = (index + LENGTH) * 4
    throw new LayoutError(
      'CORRUPT',
      offset,
      `a message of ${length >>> 0} bytes, in a slot of ${this.maxMessageLength}`,
    )
  }

  /** How many takes of this message the word counts: 1 at its first delivery. */
  takesOf(index: number, word: number): number {
    return (generationOf(word) - (this.words[index + BASE] as number)) & MAX_GENERATION
  }

  /** The generation from which the takes of the message in a slot count. */
  baseOf(index: number): number {
    return (this.words[index + BASE] as number) & MAX_GENERATION
  }

  /** The process of the consumer that took the slot last. */
  pidOf(index: number): number {
    return (this.words[index + PID] as number) >>> 0
  }

  /** About when the message of a slot was sent, in milliseconds. Not checked. */
  sentAtOf(index: number): number {
    return this.doubles[index / 2 + SENT_AT] as number
  }

  /** Bit i is set for each consumer that has joined. A consumer that died keeps its bit until a peer has cleaned up after it. */
  liveConsumers(): number {
    return loadMask(this.words, LIVE_INDEX) & this.#possibleConsumers
  }

  /** Returns one of the two words in which bit j (of 64) is set if producer j's place was ever used. */
  usedProducers(word: 0 | 1): number {
    const possible = this.#possibleProducers[word]
    return possible === 0 ? 0 : loadMask(this.words, USED_INDEX + word) & possible
  }

  /** Calls `visit` for each producer whose place was ever used. */
  forEachUsed(visit: (producer: number) => void): void {
    for (const half of [0, 1] as const) {
      for (let rest = this.usedProducers(half); rest !== 0; rest &= rest - 1) {
        visit(half * 32 + 31 - Math.clz32(rest & -rest))
      }
    }
  }

  /** Calls `visit` with each slot whose producer's place was ever used, and its word. */
  forEachSlot(visit: (index: number, word: number) => void): void {
    this.forEachUsed((producer) => this.forEachSlotOf(producer, visit))
  }

  /** Calls `visit` with each slot of a producer, and its word. */
  forEachSlotOf(producer: number, visit: (index: number, word: number) => void): void {
    let index = this.slotIndex(producer, 0)
    for (let slot = 0; slot < this.capacity; slot++) {
      visit(index, this.wordOf(index))
      index += this.slotStride
    }
  }

  /**
   * Calls `visit` with each slot whose message is published and was never taken, the oldest first. A producer that died may have
   * left others that are ready: those are not published.
   */
  forEachReady(producer: number, visit: (index: number) => void): void {
    const tail = this.sentBy(producer)
    for (let back = this.capacity; back > 0; back--) {
      const entry = this.entryAt(producer, tail - back)
      const slot = slotOfEntry(entry)
      if (slot < 0 || slot >= this.capacity) continue
      const index = this.slotIndex(producer, slot)
      if (this.wordOf(index) === slotWord(READY, 0, generationOfEntry(entry, slot))) visit(index)
    }
  }

  stateOf(producer: number): SlotProducerState {
    const state = loadOwned(this.words, this.producers.slotIndex(producer) + STATE)
    return state === STATE_OPEN ? 'open' : state === STATE_CLOSED ? 'closed' : 'unused'
  }

  /** Loads the word of a slot without writing, for observers: loadSlot writes in Bun. */
  wordOf(index: number): number {
    return loadOwned(this.words, index)
  }

  /** The entry of a producer's ring at a position; not checked. Observers must then ask whether it was overwritten meanwhile. */
  entryAt(producer: number, position: number): number {
    return this.doubles[this.ringIndex(producer) + (position & (2 * this.capacity - 1))] as number
  }

  /** How many entries were published from a producer's place. Wraps. */
  sentBy(producer: number): number {
    return loadOwned(this.words, this.tailIndex(producer)) >>> 0
  }

  /** How many messages a producer's place has given up. */
  droppedBy(producer: number): number {
    return loadOwned(this.words, this.producers.slotIndex(producer) + DROPPED) >>> 0
  }
}

function lowBits(count: number): number {
  return count === 0 ? 0 : -1 >>> (32 - count)
}
