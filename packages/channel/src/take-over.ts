import { Lease } from '@memlane/core'
import { now } from '@memlane/core/internal'
import type { Side } from '@memlane/protocol/internal'
import type { AnyChannel } from './channel.js'
import { pauseSync } from './deadline.js'
import { claimSlot, holdersOf, type SlotClaim, type SlotWish } from './slot-claim.js'

/** The number of the lease that a process holds while it makes sure that it is alone. Slots have lower numbers. */
const TAKE_OVER_NUMBER = 96
/** How long to wait for another participant that is joining or closing. */
const SETTLE_LIMIT_MS = 1000
const SETTLE_INTERVAL_MS = 1

/** What a channel says about a slot: it was never used, its last holder opened it, or its last holder closed it. */
type SlotState = 'unused' | 'open' | 'closed'

/**
 * Claims a slot of a side if no other participant of that side lives. Of several processes that try at the same time, one
 * succeeds. Blocks while another participant is joining or closing, for a second at most.
 *
 * @param isCreator true for the process that has just made the channel. Another process may have taken it over meanwhile
 * @param advice the last sentence of the error: says how to join beside the other participants
 * @throws SharedMemoryError `ALREADY_EXISTS` with the process ids of those that live; and as `claimSlot`
 */
export function claimSlotAlone(
  channel: AnyChannel,
  side: Side,
  stateOf: (slot: number) => SlotState,
  advice: string,
  isCreator: boolean,
  wish: SlotWish,
): SlotClaim {
  const deadline = now() + SETTLE_LIMIT_MS
  for (;;) {
    const isOver = now() >= deadline
    const alone = Lease.claim(channel.memory, TAKE_OVER_NUMBER)
    try {
      const slots = Array.from({ length: side.count }, (_, slot) => slot)
      const held = slots.filter((slot) => Lease.isHeld(channel.memory, side.numberOf(slot)))
      if (held.some((slot) => stateOf(slot) === 'open') || (isOver && held.length > 0)) {
        throw channel.error(
          'ALREADY_EXISTS',
          `it has a ${side.role} already: ${holdersOf(channel, side, held)}. ${advice}`,
        )
      }
      if (isOver && alone === undefined) {
        throw channel.error('ALREADY_EXISTS', `another process is just becoming its ${side.role}. ${advice}`)
      }
      // If no slot was ever used, then the process that made the channel is about to claim one.
      const isNew = !isCreator && slots.every((slot) => stateOf(slot) === 'unused')
      if (alone !== undefined && held.length === 0 && (isOver || !isNew)) return claimSlot(channel, side, wish)
    } finally {
      alone?.release()
    }
    pauseSync(SETTLE_INTERVAL_MS)
  }
}
