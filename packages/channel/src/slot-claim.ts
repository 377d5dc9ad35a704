import { Lease, type SharedMemory } from '@memlane/core'
import type { Side } from '@memlane/protocol/internal'
import type { AnyChannel } from './channel.js'
import { pauseSync } from './deadline.js'

/** A slot that this participant holds by a lease: no other participant has it, and the participant's death frees it. */
export interface SlotClaim {
  readonly slot: number
  readonly lease: Lease
}

export interface SlotWish {
  /** Claims this slot or none. */
  only?: number | undefined
  /** Tells which of the free slots to try first. */
  prefers?: (slot: number) => boolean
}

/** A slot can be held for a moment: by a peer that removes its dead holder; on Windows also by a peer that asks who holds it. */
const ATTEMPTS = 10
const ATTEMPTS_INTERVAL_MS = 1

/**
 * Claims a slot of a side: a free slot that `prefers` names, or else the lowest free one. Blocks for some milliseconds if no slot
 * is free.
 *
 * @throws SharedMemoryError `FULL` if none is free; RangeError if `only` is not a slot of that side
 */
export function claimSlot(channel: AnyChannel, side: Side, { only, prefers }: SlotWish = {}): SlotClaim {
  const { count, slotName, role, countOption } = side
  if (only !== undefined && !(Number.isInteger(only) && only >= 0 && only < count)) {
    throw new RangeError(`${slotName} ${only} is not a whole number from 0 to ${count - 1}`)
  }
  const candidates = only === undefined ? Array.from({ length: count }, (_, slot) => slot) : [only]
  const preferred = prefers === undefined ? [] : candidates.filter(prefers)
  const unheld = preferred.filter((slot) => !Lease.isHeld(channel.memory, side.numberOf(slot)))
  const claim = claimOneOf(channel, side, unheld) ?? claimOneOf(channel, side, candidates)
  if (claim !== undefined) return claim
  const holders = holdersOf(channel, side, candidates)
  if (only !== undefined) {
    const message = `${slotName} ${only} is taken: ${holders}. Wait for its ${role} to close, or take another ${slotName}.`
    throw channel.error('FULL', message)
  }
  const message = `no ${slotName} is free: ${countOption} is ${count}. They are held by ${holders}.`
  throw channel.error('FULL', `${message} Create it with a larger ${countOption}, or close a ${role}.`)
}

/** Tells who holds a slot, for messages: `process 4711 (lane 0)`. */
export function holderOf(memory: SharedMemory, side: Side, slot: number): string {
  const pid = Lease.holder(memory, side.numberOf(slot))
  const holder = pid === undefined ? 'an unknown process' : pid === process.pid ? 'this process' : `process ${pid}`
  return `${holder} (${side.slotName} ${slot})`
}

/** Finding the process of one holder can take milliseconds. */
const MAX_HOLDERS_SHOWN = 8

/** Tells who holds slots, for messages: `process 4711 (lane 0), process 4712 (lane 2)`. */
export function holdersOf({ memory }: AnyChannel, side: Side, slots: readonly number[]): string {
  const shown = slots.slice(0, MAX_HOLDERS_SHOWN).map((slot) => holderOf(memory, side, slot))
  const more = slots.length - shown.length
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ')
}

function claimOneOf(channel: AnyChannel, side: Side, candidates: readonly number[]): SlotClaim | undefined {
  const lease = claimLease(
    channel.memory,
    candidates.map((slot) => side.numberOf(slot)),
  )
  const slot = candidates.find((candidate) => side.numberOf(candidate) === lease?.slot)
  return lease === undefined || slot === undefined ? undefined : { slot, lease }
}

/** Claims the first of these leases that is free. Blocks for some milliseconds if none is. */
export function claimLease(memory: SharedMemory, numbers: readonly number[]): Lease | undefined {
  if (numbers.length === 0) return undefined
  for (let attempt = 1; ; attempt++) {
    for (const number of numbers) {
      const lease = Lease.claim(memory, number)
      if (lease !== undefined) return lease
    }
    if (attempt === ATTEMPTS) return undefined
    pauseSync(ATTEMPTS_INTERVAL_MS)
  }
}

/**
 * If the holder of a slot has died, calls `cleanUp` while holding the slot's lease. Of several participants that find the
 * same holder dead, one cleans up.
 *
 * @returns whether it was called
 */
export function cleanUpIfDead(channel: AnyChannel, side: Side, slot: number, cleanUp: () => void): boolean {
  const number = side.numberOf(slot)
  if (Lease.isHeld(channel.memory, number)) return false
  const lease = Lease.claim(channel.memory, number) // no participant can join there during the clean-up
  if (lease === undefined) return false
  try {
    cleanUp()
  } finally {
    lease.release()
  }
  return true
}
