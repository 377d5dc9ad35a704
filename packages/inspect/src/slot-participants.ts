import type { SlotsChannel } from '@memlane/channel'
import { Lease } from '@memlane/core'
import { forEachBit } from '@memlane/protocol/internal'

/** Tells whether a participant of a channel of slots lives. Asks the kernel. */
export function hasLivingParticipant({ control, memory }: SlotsChannel): boolean {
  let lives = false
  forEachBit(control.liveConsumers(), (consumer) => {
    lives ||= Lease.isHeld(memory, control.consumers.numberOf(consumer))
  })
  control.forEachUsed((producer) => {
    lives ||= Lease.isHeld(memory, control.producers.numberOf(producer))
  })
  return lives
}

/** Tells whether a producer died without closing. Asks the kernel. */
export function hasDeadProducer({ control, memory }: SlotsChannel): boolean {
  let died = false
  control.forEachUsed((producer) => {
    died ||= control.stateOf(producer) === 'open' && !Lease.isHeld(memory, control.producers.numberOf(producer))
  })
  return died
}
