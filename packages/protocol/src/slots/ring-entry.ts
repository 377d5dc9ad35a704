/** An entry of a producer's ring: names a slot and the generation in which it holds the message. See slots-layout.ts. */

const ONE_SLOT = 0x100_0000

/** Makes the entry of a slot. 0 is no entry. */
export function ringEntry(slot: number, generation: number): number {
  return (slot + 1) * ONE_SLOT + generation
}

/** The slot that an entry names. Any whole number if the entry is none: the caller must check it. */
export function slotOfEntry(entry: number): number {
  return ((entry / ONE_SLOT) | 0) - 1
}

/** The generation that an entry of a slot names. Any whole number if the entry is none. */
export function generationOfEntry(entry: number, slot: number): number {
  return (entry - (slot + 1) * ONE_SLOT) | 0
}
