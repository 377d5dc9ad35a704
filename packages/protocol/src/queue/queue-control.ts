import { changeSlot, loadSlot, storeSlot } from '../memory/atomics.js'
import { announceReturn } from '../slots/slot-recovery.js'
import { SlotTable } from '../slots/slot-table.js'
import {
  consumerOf,
  FREE,
  generationOf,
  kindOf,
  MAX_GENERATION,
  slotWord,
  TAKEN,
  withKind,
} from '../slots/slot-word.js'
import { BASE } from '../slots/slots-layout.js'
import type { QueueHeader } from './queue-header.js'
import { DEAD, RETURNED, RETURNING } from './queue-word.js'
import { writeNote } from './slot-note.js'

/** A bit of a slot's base: the message was rejected, and is a dead letter whatever its count of deliveries. */
const REJECTED = 1 << 31

/** How a consumer gives back a message that it holds. */
export interface Return {
  /**
   * What becomes of the count of deliveries. `counts`: this one counts. `free`: it does not, as if the message had not been taken.
   * `rejects`: the message becomes a dead letter. `resends`: a dead letter becomes a message that was never delivered.
   */
  readonly as: 'counts' | 'free' | 'rejects' | 'resends'
  /** Nobody takes it before this time; 0 for no limit. */
  readonly notBefore: number
  readonly reason: string
}

/** The words of a queue, for every participant, and how a message leaves the consumer that holds it. */
export class QueueControl extends SlotTable {
  readonly header: QueueHeader

  constructor(buffer: ArrayBuffer, header: QueueHeader) {
    super(buffer, header)
    this.header = header
  }

  /**
   * Acknowledges a message: its slot is free. The caller must then ring the slot's producer if it sleeps.
   *
   * @param taken what the take stored
   * @returns false if the message was taken away meanwhile
   */
  acknowledge(index: number, taken: number): boolean {
    return changeSlot(this.words, index, taken, withKind(taken, FREE))
  }

  /**
   * Gives back a message. The caller must then ring the sleeping consumers, and the slot's producer if the message is a dead letter.
   *
   * @param taken what the take stored
   * @returns what the slot holds now: `RETURNED` or `DEAD`; undefined if the message was taken away meanwhile
   */
  giveBack(index: number, taken: number, { as, notBefore, reason }: Return): number | undefined {
    const { words } = this
    // The writes beside the word must not land in the next message: only this participant leaves `RETURNING`.
    if (!changeSlot(words, index, taken, slotWord(RETURNING, consumerOf(taken), generationOf(taken)))) return undefined
    const generation = generationOf(taken)
    writeNote(this.data, this.noteOf(index), generation, notBefore, reason)
    const base = words[index + BASE] as number
    if (as === 'free') words[index + BASE] = (base & ~MAX_GENERATION) | ((base + 1) & MAX_GENERATION)
    else if (as === 'rejects') words[index + BASE] = base | REJECTED
    else if (as === 'resends') words[index + BASE] = generation
    const kind = this.kindAfter(index, taken)
    storeSlot(words, index, slotWord(kind, 0, generation))
    announceReturn(this)
    return kind
  }

  /**
   * Gives back a message whose consumer died or kept it for too long. The caller must then call `announceReturn`.
   *
   * @param word what the slot's word was
   * @returns what the slot holds now: `RETURNED` or `DEAD`; undefined if no consumer holds it, or if the word has changed meanwhile
   */
  giveUp(index: number, word: number): number | undefined {
    if (kindOf(word) !== TAKEN && kindOf(word) !== RETURNING) return undefined // nobody holds it: it says consumer 0
    const kind = this.kindAfter(index, word)
    return changeSlot(this.words, index, word, withKind(word, kind)) ? kind : undefined
  }

  /** Counts deliveries that a message had in another queue. Only its producer may do it, before it publishes the message. */
  countEarlier(index: number, deliveries: number): void {
    this.words[index + BASE] = (this.baseOf(index) - deliveries) & MAX_GENERATION
  }

  /**
   * Tells whether a producer has more dead letters than it keeps: then `dropDead` gives it a free slot.
   */
  mayDropDead(producer: number): boolean {
    return this.oldestDead(producer) !== -1
  }

  /** Gives up the oldest dead letter of a producer, if there are more than it keeps. Only that producer may do it. */
  dropDead(producer: number): boolean {
    for (let index = this.oldestDead(producer); index !== -1; index = this.oldestDead(producer)) {
      const word = loadSlot(this.words, index)
      if (kindOf(word) === DEAD && changeSlot(this.words, index, word, withKind(word, FREE))) return true
    }
    return false
  }

  /** The oldest dead letter of a producer that has too many; otherwise -1. */
  private oldestDead(producer: number): number {
    let count = 0
    let oldest = -1
    this.forEachSlotOf(producer, (index, word) => {
      if (kindOf(word) !== DEAD) return
      count++
      if (oldest === -1 || this.sentAtOf(index) < this.sentAtOf(oldest)) oldest = index
    })
    return count > this.header.maxDeadLetters ? oldest : -1
  }

  /** The kind of a message after its consumer has not acknowledged it: returned, or dead. */
  private kindAfter(index: number, word: number): number {
    const isRejected = ((this.words[index + BASE] as number) & REJECTED) !== 0
    return isRejected || this.takesOf(index, word) >= this.header.maxDeliveries ? DEAD : RETURNED
  }
}
