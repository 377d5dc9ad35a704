import { changeSlot, loadMask, loadSlot } from '../memory/atomics.js'
import { RingCursor } from '../slots/ring-cursor.js'
import type { SlotTable } from '../slots/slot-table.js'
import { generationOf, kindOf, takenWord } from '../slots/slot-word.js'
import { PID, RETURNS_INDEX } from '../slots/slots-layout.js'
import { DEAD, RETURNED } from './queue-word.js'
import { notBeforeIn } from './slot-note.js'

/**
 * Takes messages for one consumer: new ones from the producers' rings, and those that were given back. Both get their turns, and so
 * do the producers. The members are TypeScript-private for speed: see LaneWriter.
 */
export class QueueTaker {
  /** The word that the last take stored. */
  taken = 0
  private readonly control: SlotTable
  private readonly words: Int32Array
  private readonly consumer: number
  private readonly pid: number
  private readonly clock: () => number
  private readonly ahead: number
  private readonly hasNotes: boolean
  private readonly rings: RingCursor[] = []
  private readonly opened: [number, number] = [0, 0]
  /** The ring whose turn it is. */
  private turn = 0
  /** True if a returned message has its turn before the rings. */
  private returnedFirst = true
  /** The count of returns at the last scan that found nothing to take; undefined if there was none since. */
  private seen: number | undefined
  /** The earliest time at which a message that the last scan passed over may be taken. */
  private nextDue = Infinity
  /** Where the next scan begins: behind the message that was taken last. */
  private scanStart = 0

  /**
   * @param clock the system's steady clock, in milliseconds
   * @param options of calls. `ahead`: see RingCursor. `hasNotes`: false if no slot has a note, so nobody delays a message that was given back
   */
  constructor(
    control: SlotTable,
    consumer: number,
    pid: number,
    clock: () => number,
    { ahead = 0, hasNotes = true } = {},
  ) {
    this.control = control
    this.words = control.words
    this.consumer = consumer
    this.pid = pid
    this.clock = clock
    this.ahead = ahead
    this.hasNotes = hasNotes
    this.openRings()
  }

  /** When a message that was given back may be taken; Infinity if none waits for its time. */
  get due(): number {
    return this.nextDue
  }

  /**
   * Takes a message. Never blocks, allocates nothing.
   *
   * @returns the index of its slot's word, and `taken` is what the word is now; -1 if there is none
   */
  take(): number {
    if (loadMask(this.words, RETURNS_INDEX) !== this.seen || this.nextDue !== Infinity) return this.takeEither()
    return this.takeNew()
  }

  /** Tells whether `take` may find a message. */
  isThere(): boolean {
    return loadMask(this.words, RETURNS_INDEX) !== this.seen || this.isDue() || this.hasNew()
  }

  /** A quick check after `take` has found nothing: tells whether a known producer has published since. */
  hasGrown(): boolean {
    const { rings } = this
    for (let ring = 0; ring < rings.length; ring++) if ((rings[ring] as RingCursor).hasGrown()) return true
    return false
  }

  /**
   * Takes a dead letter.
   *
   * @param first the number of the slot to begin with
   * @returns the index of its slot's word, or -1; `taken` is what the word is now
   */
  takeDead(first: number): number {
    this.openRings()
    const count = this.rings.length * this.control.capacity
    for (let number = first; number < count; number++) {
      const index = this.slotAt(number)
      if (this.takeIfDead(index, loadSlot(this.words, index))) return index
    }
    return -1
  }

  /**
   * Takes the dead letter of one slot, unless the slot was taken since it had this generation.
   *
   * @returns as `takeDead`
   */
  takeDeadAt(producer: number, slot: number, generation: number): number {
    const index = this.control.slotIndex(producer, slot)
    const word = loadSlot(this.words, index)
    return generationOf(word) === generation && this.takeIfDead(index, word) ? index : -1
  }

  /** The number of a slot among those of the opened rings: `takeDead` goes on behind it. */
  numberAt(index: number): number {
    const { control, rings } = this
    const producer = control.producerOf(index)
    const ring = rings.findIndex((ring) => ring.producer === producer)
    return ring * control.capacity + (index - control.slotIndex(producer, 0)) / control.slotStride
  }

  private takeIfDead(index: number, word: number): boolean {
    if (kindOf(word) !== DEAD) return false
    const taken = takenWord(word, this.consumer) // the pid stays that of the last delivery
    if (!changeSlot(this.words, index, word, taken)) return false
    this.taken = taken
    return true
  }

  private takeNew(): number {
    const { rings } = this
    const count = rings.length
    if (count === 1) {
      const ring = rings[0] as RingCursor
      const index = ring.take()
      this.taken = ring.taken
      if (index !== -1) return index
    } else {
      for (let tried = 0; tried < count; tried++) {
        const ring = rings[this.turn] as RingCursor
        this.turn = this.turn + 1 === count ? 0 : this.turn + 1
        const index = ring.take()
        if (index === -1) continue
        this.taken = ring.taken
        return index
      }
    }
    return this.openRings() ? this.takeNew() : -1
  }

  /** Slow path: messages may have been given back. */
  private takeEither(): number {
    const isDue = loadMask(this.words, RETURNS_INDEX) !== this.seen || this.isDue()
    if (!isDue) return this.takeNew()
    this.returnedFirst = !this.returnedFirst
    const first = this.returnedFirst ? this.takeReturned() : this.takeNew()
    if (first !== -1) return first
    return this.returnedFirst ? this.takeNew() : this.takeReturned()
  }

  /** Looks at all slots. They count as seen only if the whole scan has taken none. */
  private takeReturned(): number {
    this.seen = undefined
    this.nextDue = Infinity
    const returns = loadMask(this.words, RETURNS_INDEX)
    this.openRings()
    const { rings, control, words } = this
    const count = rings.length * control.capacity
    const time = this.clock()
    let due = Infinity
    let number = this.scanStart < count ? this.scanStart : 0
    for (let looked = 0; looked < count; looked++) {
      const index = this.slotAt(number)
      number = number + 1 === count ? 0 : number + 1
      const word = loadSlot(words, index)
      if (kindOf(word) !== RETURNED) continue
      const notBefore = this.hasNotes ? notBeforeIn(control.data, control.noteOf(index), generationOf(word)) : 0
      if (notBefore > time) {
        due = Math.min(due, notBefore)
        continue
      }
      const taken = takenWord(word, this.consumer)
      if (!changeSlot(words, index, word, taken)) continue // another consumer was faster
      words[index + PID] = this.pid
      this.taken = taken
      this.scanStart = number
      return index
    }
    this.seen = returns
    this.nextDue = due
    return -1
  }

  private slotAt(number: number): number {
    const { capacity } = this.control
    const ring = this.rings[Math.floor(number / capacity)] as RingCursor
    return this.control.slotIndex(ring.producer, number % capacity)
  }

  private isDue(): boolean {
    return this.nextDue !== Infinity && this.clock() >= this.nextDue
  }

  private hasNew(): boolean {
    for (const ring of this.rings) if (ring.hasMessage()) return true
    return this.openRings() && this.hasNew()
  }

  /** Opens the rings of producers that have come. True if there are any. */
  private openRings(): boolean {
    const { control, opened } = this
    const before = this.rings.length
    for (const half of [0, 1] as const) {
      const used = control.usedProducers(half)
      for (let rest = used & ~opened[half]; rest !== 0; rest &= rest - 1) {
        const producer = half * 32 + 31 - Math.clz32(rest & -rest)
        this.rings.push(new RingCursor(control, producer, this.consumer, this.pid, this.ahead))
      }
      opened[half] |= used
    }
    return this.rings.length > before
  }
}
