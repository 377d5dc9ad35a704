import { SleepMark } from '../channel/sleepers.js'
import { clearBits, countUp, setBits } from '../memory/atomics.js'
import type { SlotTable } from './slot-table.js'
import { consumerOf, FREE, kindOf, READY } from './slot-word.js'
import { LIVE_INDEX, RETURNS_INDEX } from './slots-layout.js'

/** Changes the word of a slot that a dead consumer held. Does nothing if the word has changed meanwhile. */
export type GiveBack = (index: number, word: number) => unknown

/**
 * Gives back what a dead consumer held. Several participants may do it at once: each word changes only once.
 *
 * @param isDead tells whether the consumer's lease has no holder. It is asked after each word that names the consumer was loaded. If it were
 * asked before, a newcomer in the same place could lose its message
 */
export function giveBackOf(table: SlotTable, consumer: number, isDead: () => boolean, giveBack: GiveBack): void {
  table.forEachSlot((index, word) => {
    const kind = kindOf(word)
    if (kind === FREE || kind === READY || consumerOf(word) !== consumer || !isDead()) return
    giveBack(index, word)
  })
  announceReturn(table)
}

/** Tells all consumers that a message may have become takeable again. Call it after the word was stored; then ring the sleepers. */
export function announceReturn(table: SlotTable): void {
  countUp(table.words, RETURNS_INDEX)
}

/** Becomes live. The caller must hold the consumer's lease, have given back what its predecessor held, and then ring all sleepers. */
export function joinConsumers(table: SlotTable, consumer: number): void {
  SleepMark.of(table.consumers, consumer).clear()
  setBits(table.words, LIVE_INDEX, 1 << consumer)
}

/** Is no longer live. The caller must hold the consumer's lease. */
export function leaveConsumers(table: SlotTable, consumer: number): void {
  clearBits(table.words, LIVE_INDEX, 1 << consumer)
  SleepMark.of(table.consumers, consumer).clear()
}
