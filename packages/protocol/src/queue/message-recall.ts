import { changeSlot } from '../memory/atomics.js'
import { RingCursor } from '../slots/ring-cursor.js'
import { FREE, generationOf, kindOf, MAX_GENERATION, READY, slotWord } from '../slots/slot-word.js'
import type { QueueControl } from './queue-control.js'
import { RETURNED } from './queue-word.js'

/**
 * Takes messages of a producer back that no consumer holds. Only that producer may use it, after its SlotWriter is made: nobody else learns of
 * the free slot. A successor may take back the messages of its predecessors.
 */
export class MessageRecall {
  readonly #control: QueueControl
  readonly #producer: number
  readonly #cursor: RingCursor

  constructor(control: QueueControl, producer: number) {
    this.#control = control
    this.#producer = producer
    this.#cursor = new RingCursor(control, producer, 0, 0, 0)
  }

  /**
   * Takes back a message: its slot is free, and no consumer gets the message any more. A message that was never delivered must be the oldest
   * one of those: take back the older ones first.
   *
   * @param index of its slot's word
   * @param word what the slot's word was
   * @returns false if a consumer has the message, if the word has changed meanwhile, or if an older message waits
   */
  takeBack(index: number, word: number): boolean {
    if (!this.#mayTakeBack(index, kindOf(word))) return false
    // The next generation: the entry of the ring must not lead to the next message of the slot.
    return changeSlot(this.#control.words, index, word, slotWord(FREE, 0, (generationOf(word) + 1) & MAX_GENERATION))
  }

  /**
   * Consumers look at the last `capacity` entries only. With a gap between the messages that nobody has taken, later messages could
   * push out the entry of the oldest one. The oldest stays the oldest: only this producer adds messages.
   */
  #mayTakeBack(index: number, kind: number): boolean {
    if (kind === READY) return this.#cursor.oldest() === index
    return kind === RETURNED && this.#control.producerOf(index) === this.#producer
  }
}
