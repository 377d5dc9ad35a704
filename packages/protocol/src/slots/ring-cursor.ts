/** A consumer's walk through the ring of one producer. SlotWriter and RingCursor are mirrors. */

import { changeSlot, loadSlot, loadTail } from '../memory/atomics.js'
import { generationOfEntry, slotOfEntry } from './ring-entry.js'
import type { SlotTable } from './slot-table.js'
import { READY, slotWord, takenWord } from './slot-word.js'
import { HINT, PID } from './slots-layout.js'

/** The members are TypeScript-private for speed: see LaneWriter. */
export class RingCursor {
  readonly producer: number
  /** The word that the last `take` stored. */
  taken = 0
  private readonly words: Int32Array
  private readonly doubles: Float64Array
  private readonly consumer: number
  private readonly pid: number
  private readonly ahead: number
  /** What was fetched ahead. Nobody reads it: it keeps the compiler from leaving out the load. */
  fetched = 0
  private readonly capacity: number
  private readonly firstIndex: number
  private readonly stride: number
  private readonly ringIndex: number
  private readonly ringMask: number
  private readonly tailIndex: number
  private readonly hintIndex: number
  /** All messages before this position were taken, by this consumer or by others. */
  private position: number
  /** The end of the ring when it was loaded last. */
  private tail: number

  /** @param ahead words from a slot's word to what its consumer reads first: it is fetched together with the word */
  constructor(table: SlotTable, producer: number, consumer: number, pid: number, ahead: number) {
    const { words, doubles, capacity, slotStride, producers } = table
    this.producer = producer
    this.words = words
    this.doubles = doubles
    this.consumer = consumer
    this.pid = pid
    this.ahead = ahead
    this.capacity = capacity
    this.firstIndex = table.slotIndex(producer, 0)
    this.stride = slotStride
    this.ringIndex = table.ringIndex(producer)
    this.ringMask = 2 * capacity - 1
    this.tailIndex = table.tailIndex(producer)
    this.hintIndex = producers.slotIndex(producer) + HINT
    this.position = words[this.hintIndex] as number
    this.tail = this.position
  }

  /**
   * Takes the oldest message that nobody has taken. Never blocks, allocates nothing.
   *
   * @returns the index of its slot's word, and `taken` is what the word is now; -1 if there is none
   */
  take(): number {
    const { words } = this
    const hint = words[this.hintIndex] as number
    if (((hint - this.position) | 0) > 0) this.position = ((this.tail - hint) | 0) >= 0 ? hint : this.tail
    for (let index = this.find(); index !== -1; index = this.find()) {
      const word = this.taken
      const taken = takenWord(word, this.consumer)
      this.position = (this.position + 1) | 0
      if (!changeSlot(words, index, word, taken)) continue // another consumer was faster
      words[this.hintIndex] = this.position
      words[index + PID] = this.pid
      this.taken = taken
      return index
    }
    return -1
  }

  /** Tells whether there is a message that nobody has taken. */
  hasMessage(): boolean {
    return this.find() !== -1
  }

  /** Finds the oldest message that nobody has taken: the index of its slot's word; -1 if there is none. */
  oldest(): number {
    return this.find()
  }

  /** Tells whether the producer has published since this cursor came to the end. */
  hasGrown(): boolean {
    return loadTail(this.words, this.tailIndex) !== this.position
  }

  /**
   * Goes to the next entry whose slot still holds its message: an entry that does not match once never will. Its word is `taken`
   * then. Ends also if the producer writes without end.
   *
   * @returns the index of the slot's word; -1 if there is none
   */
  private find(): number {
    const { words, doubles, ringMask } = this
    for (let steps = 0; steps <= 2 * ringMask; steps++) {
      let { position } = this
      if (position === this.tail) {
        this.tail = loadTail(words, this.tailIndex)
        position = this.start(this.tail)
        if (position === this.tail) return -1
      }
      const entry = doubles[this.ringIndex + (position & ringMask)] as number
      const slot = slotOfEntry(entry)
      if (slot >= 0 && slot < this.capacity) {
        const index = this.firstIndex + slot * this.stride
        this.fetched = words[index + this.ahead] as number
        const word = loadSlot(words, index)
        if (word === slotWord(READY, 0, generationOfEntry(entry, slot))) {
          this.tail = loadTail(words, this.tailIndex)
          // Not 2 * capacity: the entries of an unpublished batch may already have overwritten those of the lap before.
          if (((this.tail - position) | 0) > 0 && ((this.tail - position) | 0) <= this.capacity) {
            this.taken = word
            return index
          }
          this.start(this.tail) // this consumer was stopped for long
          continue
        }
      }
      this.position = (position + 1) | 0
    }
    return -1
  }

  /** Moves to where the walk must begin: all messages that nobody has taken are among the last `capacity` entries. */
  private start(tail: number): number {
    const { capacity } = this
    const oldest = (tail - capacity) | 0
    const hint = this.words[this.hintIndex] as number
    let { position } = this
    if (!(((position - oldest) | 0) >= 0 && ((tail - position) | 0) >= 0)) position = oldest
    const ahead = (hint - position) | 0
    if (ahead > 0 && ((tail - hint) | 0) >= 0) position = hint
    this.position = position
    return position
  }
}
