/**
 * Tells an observer of a queue whether a slot that is free still holds its last message.
 *
 * A producer claims a free slot without a trace, and then fills it. But it takes its slots in turn: it begins behind the slot that it
 * filled last, and passes over those that are not free. So if some other slot has been free all the time since before a message was
 * published, then the producer has not come round to that message's slot again: it would have filled the free slot first.
 */

import { FREE, kindOf, type SlotTable, slotOfEntry } from '@memlane/protocol/internal'

/** So many free slots are watched. One is enough, unless it is the slot in question, or the producer fills it first. */
const WATCHED = 4

interface Watched {
  readonly index: number
  readonly word: number
}

export class UntouchedSlots {
  readonly #table: SlotTable
  readonly #watched: readonly Watched[]

  private constructor(table: SlotTable, watched: readonly Watched[]) {
    this.#table = table
    this.#watched = watched
  }

  /** Watches slots that were never filled. That tells something about all messages. */
  static fromTheStart(table: SlotTable, producer: number): UntouchedSlots {
    return new UntouchedSlots(
      table,
      freeSlots(table, producer, table.capacity - 1).filter(({ word }) => word === 0),
    )
  }

  /** Watches slots that are free now. That tells something about messages that are not published yet. */
  next(producer: number): UntouchedSlots {
    const table = this.#table
    // The slots that the producer filled last are those that it comes round to last.
    const last = slotOfEntry(table.entryAt(producer, table.sentBy(producer) - 1))
    const start = last >= 0 && last < table.capacity ? last : table.capacity - 1
    const stillFree = this.#watched.filter(({ index, word }) => table.wordOf(index) === word)
    return new UntouchedSlots(table, [...freeSlots(table, producer, start), ...stillFree].slice(0, WATCHED))
  }

  /** Tells whether the producer has not come round to a slot. Call it after the slot was copied. */
  isUntouched(slotIndex: number): boolean {
    return this.#watched.some(({ index, word }) => index !== slotIndex && this.#table.wordOf(index) === word)
  }
}

/** Some free slots, from one slot backwards in growing steps. */
function freeSlots(table: SlotTable, producer: number, start: number): Watched[] {
  const { capacity } = table
  const found: Watched[] = []
  for (let back = 0; back < capacity && found.length < WATCHED; back = 2 * back + 1) {
    const index = table.slotIndex(producer, (start - back + capacity) % capacity)
    const word = table.wordOf(index)
    if (kindOf(word) === FREE) found.push({ index, word })
  }
  return found
}
