/** Where a side's words lie, and how its slots are counted. Indexes count 32-bit words from the start of the channel. */
export interface SidePlaces {
  /** The name of a participant of this side in error messages: "producer". */
  readonly role: string
  /** The name of a slot of this side in error messages: "lane", "consumer slot". */
  readonly slotName: string
  /** The option of the channel's creator that sets `count`: "maxProducers". */
  readonly countOption: string
  /** How many slots this side has. */
  readonly count: number
  /** The first word of slot 0. */
  readonly slotsIndex: number
  /** Words from one slot to the next. */
  readonly slotStride: number
  /** Words from the start of a slot to its epoch. */
  readonly epochInSlot: number
  /** The first word of the mask in which the sleepers of this side set their bits; a second follows if `count` is above 32. */
  readonly sleepMask: number
  /** The number of slot 0's lease and bell; those of the other slots follow. */
  readonly firstNumber: number
}

/**
 * One side of a channel: its producers, or its consumers. All participants of a side have slots of one kind. Each slot has a
 * number, which is also the number of its holder's lease and doorbell.
 */
export class Side {
  readonly role: string
  readonly slotName: string
  readonly countOption: string
  readonly count: number
  readonly sleepMask: number
  /** The words of the channel's control part. */
  readonly words: Int32Array
  /** Whether participants of the other side, in this process, publish by plain stores: see publishAndLookInOrder. */
  readonly inOrder: boolean
  readonly #slotsIndex: number
  readonly #slotStride: number
  readonly #epochInSlot: number
  readonly #firstNumber: number

  constructor(words: Int32Array, places: SidePlaces, inOrder = false) {
    this.words = words
    this.inOrder = inOrder
    this.role = places.role
    this.slotName = places.slotName
    this.countOption = places.countOption
    this.count = places.count
    this.sleepMask = places.sleepMask
    this.#slotsIndex = places.slotsIndex
    this.#slotStride = places.slotStride
    this.#epochInSlot = places.epochInSlot
    this.#firstNumber = places.firstNumber
  }

  /** Returns the first word of a slot. */
  slotIndex(slot: number): number {
    return this.#slotsIndex + slot * this.#slotStride
  }

  /** Returns the word that counts the sleeps of a slot's holder. */
  epochIndex(slot: number): number {
    return this.slotIndex(slot) + this.#epochInSlot
  }

  /** Returns the number of a slot's lease and bell. */
  numberOf(slot: number): number {
    return this.#firstNumber + slot
  }
}
