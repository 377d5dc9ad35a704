/**
 * The sleepers of one side, and how the other side sees them.
 *
 * A sleeper counts up its epoch, sets its bit in the mask of its side, checks once more for what it waits for, and only then
 * sleeps. A participant that has something for it publishes that first, then loads the mask, and rings each sleeper whose
 * epoch it has not rung yet. Only the sleeper itself changes its bit and its epoch. So a peer that dies or stops between
 * loading the mask and ringing does not keep other peers from ringing the sleeper.
 */

import { clearBits, loadMask, loadMaskInOrder, loadOwned, setBits, storeOwned } from '../memory/atomics.js'
import { lowestBit } from '../memory/bits.js'
import type { Side } from './side.js'

/** One participant's own sleep, for the other side to see. */
export class SleepMark {
  readonly #words: Int32Array
  readonly #maskIndex: number
  readonly #bit: number
  readonly #epochIndex: number

  private constructor(side: Side, slot: number) {
    this.#words = side.words
    this.#maskIndex = side.sleepMask + (slot >> 5)
    this.#bit = 1 << (slot & 31)
    this.#epochIndex = side.epochIndex(slot)
  }

  /** The mark of the holder of a slot. */
  static of(side: Side, slot: number): SleepMark {
    return new SleepMark(side, slot)
  }

  /** Announces a sleep. The caller must check once more for what it waits for before it sleeps. */
  set(): void {
    const epoch = loadOwned(this.#words, this.#epochIndex)
    storeOwned(this.#words, this.#epochIndex, epoch === -1 ? 1 : (epoch + 1) | 0) // never 0: `Sleepers.rung` begins with 0
    setBits(this.#words, this.#maskIndex, this.#bit)
  }

  /** Takes back the announcement of this sleep, or of the sleep in which a predecessor died. */
  clear(): void {
    if (this.#words.length === 0) return // the memory is closed, and the mark was cleared before
    clearBits(this.#words, this.#maskIndex, this.#bit)
  }
}

/** The sleepers of one side, for a participant of the other side that may have something for them. */
export class Sleepers {
  // TypeScript-private here, because V8 inlines `any` into each send: see LaneWriter.
  private readonly words: Int32Array
  private readonly maskIndex: number
  private readonly epochIndexes: readonly number[]
  private readonly hasSecond: boolean
  private readonly loadMask: typeof loadMask
  /** The epoch that was rung last, of each slot. */
  private readonly rung: Int32Array

  private constructor(side: Side) {
    this.loadMask = side.inOrder ? loadMaskInOrder : loadMask
    this.words = side.words
    this.maskIndex = side.sleepMask
    this.hasSecond = side.count > 32
    this.epochIndexes = Array.from({ length: side.count }, (_, slot) => side.epochIndex(slot))
    this.rung = new Int32Array(side.count)
  }

  static of(side: Side): Sleepers {
    return new Sleepers(side)
  }

  /** Tells whether a participant sleeps. The caller must first publish the change that the sleepers wait for. */
  any(): boolean {
    return this.loadMask(this.words, this.maskIndex) !== 0 || (this.hasSecond && this.anyInSecond())
  }

  private anyInSecond(): boolean {
    return this.loadMask(this.words, this.maskIndex + 1) !== 0
  }

  /**
   * Calls `ring` for each sleeper, once for each of its sleeps. If `ring` throws, the next call tries that sleeper again.
   * Allocates nothing: each message calls this function until all sleepers are awake.
   */
  forEachNew(ring: (slot: number) => void): void {
    this.forEachNewOf(loadMask(this.words, this.maskIndex), 0, ring)
    if (this.hasSecond) this.forEachNewOf(loadMask(this.words, this.maskIndex + 1), 32, ring)
  }

  /** Calls `ring` if the participant in one slot sleeps, once for each of its sleeps. */
  ifNew(slot: number, ring: (slot: number) => void): void {
    const mask = loadMask(this.words, this.maskIndex + (slot >> 5)) & (1 << (slot & 31))
    if (mask !== 0) this.forEachNewOf(mask, slot & 32, ring)
  }

  private forEachNewOf(mask: number, first: number, ring: (slot: number) => void): void {
    for (let rest = mask; rest !== 0; rest &= rest - 1) {
      const slot = first + lowestBit(rest)
      const epochIndex = this.epochIndexes[slot]
      if (epochIndex === undefined) continue // a bit without a slot: a faulty peer has set it
      const epoch = loadOwned(this.words, epochIndex)
      if (epoch === this.rung[slot]) continue
      ring(slot)
      this.rung[slot] = epoch
    }
  }
}

/** Tells whether the participant in a slot has announced a sleep. For diagnosis: it changes at any moment. */
export function isAsleep(side: Side, slot: number): boolean {
  return (loadMask(side.words, side.sleepMask + (slot >> 5)) & (1 << (slot & 31))) !== 0
}
