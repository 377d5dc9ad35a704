/**
 * The state word of a slot: one u32, on which participants compete by compareExchange.
 *
 *   bit 0         3            8                              31
 *   +-----------+------------+--------------------------------+
 *   | kind      | consumer   | generation                     |
 *   +-----------+------------+--------------------------------+
 *
 * | part       | bits | meaning                                                                       |
 * |------------|------|-------------------------------------------------------------------------------|
 * | kind       | 3    | what the slot holds: see below; each shape adds kinds of its own, from 3 on   |
 * | consumer   | 5    | the number of the consumer that holds the slot; 0 if none does                |
 * | generation | 24   | counts the takes of the slot, and wraps                                       |
 *
 * The generation rises with each take, and when a producer takes a message back. So a word that was loaded is still the same only if nobody has taken the slot since.
 */

/** Nothing. Its producer may fill it. */
export const FREE = 0
/** A message that nobody has taken yet. */
export const READY = 1
/** A message that a consumer has taken. */
export const TAKEN = 2

const KIND_BITS = 7
const CONSUMER_SHIFT = 3
const CONSUMER_BITS = 31
const GENERATION_SHIFT = 8
/** Adding it to a word raises the generation by one. */
const ONE_GENERATION = 1 << GENERATION_SHIFT
/** The largest generation, and the mask of a difference of two. */
export const MAX_GENERATION = 0xff_ffff

/** Makes a word, as the signed number that an Int32Array holds. */
export function slotWord(kind: number, consumer: number, generation: number): number {
  return kind | (consumer << CONSUMER_SHIFT) | (generation << GENERATION_SHIFT)
}

export function kindOf(word: number): number {
  return word & KIND_BITS
}

export function consumerOf(word: number): number {
  return (word >>> CONSUMER_SHIFT) & CONSUMER_BITS
}

export function generationOf(word: number): number {
  return word >>> GENERATION_SHIFT
}

/** The word of the same generation with another kind, held by no consumer. */
export function withKind(word: number, kind: number): number {
  return (word & ~(ONE_GENERATION - 1)) | kind
}

/** The word after a take: held by a consumer, in the next generation. */
export function takenWord(word: number, consumer: number): number {
  return ((word & ~(ONE_GENERATION - 1)) + ONE_GENERATION) | TAKEN | (consumer << CONSUMER_SHIFT) | 0
}
