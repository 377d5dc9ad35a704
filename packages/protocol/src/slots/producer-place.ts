import { SleepMark } from '../channel/sleepers.js'
import { loadOwned, setBits, storeOwned } from '../memory/atomics.js'
import type { SlotTable } from './slot-table.js'
import { DROPPED, STATE, STATE_CLOSED, STATE_OPEN, USED_INDEX } from './slots-layout.js'

/** Writes a producer's place. Make one only while holding the producer's lease. */
export class ProducerPlace {
  readonly producer: number
  readonly #table: SlotTable
  readonly #index: number

  /** Announces the producer. The caller must then ring the sleeping consumers, so that they watch it. */
  constructor(table: SlotTable, producer: number) {
    this.#table = table
    this.producer = producer
    this.#index = table.producers.slotIndex(producer)
    SleepMark.of(table.producers, producer).clear() // the mark of a predecessor that died
    storeOwned(table.words, this.#index + STATE, STATE_OPEN)
    setBits(table.words, USED_INDEX + (producer >> 5), 1 << (producer & 31))
  }

  /** Counts messages that the producer has given up. */
  countDropped(): void {
    const { words } = this.#table
    storeOwned(words, this.#index + DROPPED, (loadOwned(words, this.#index + DROPPED) + 1) | 0)
  }

  /** Announces an orderly end. Everything that was sent stays takeable. */
  close(): void {
    closeProducerPlace(this.#table, this.producer)
  }
}

/** Says that a place has no producer. Call it only while holding the producer's lease. */
export function closeProducerPlace({ words, producers }: SlotTable, producer: number): void {
  storeOwned(words, producers.slotIndex(producer) + STATE, STATE_CLOSED)
  SleepMark.of(producers, producer).clear()
}
