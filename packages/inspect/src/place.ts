import { Lease, type SharedMemory } from '@memlane/core'
import { isAsleep, type Side } from '@memlane/protocol/internal'
import type { FindingParticipant } from './finding.js'
import type { ParticipantInspection } from './participant-inspection.js'
import { processFacts } from './process-facts.js'

/** One look at a memory. */
export interface Look {
  readonly memory: SharedMemory
  /** Whether to find out the processes of participants. */
  readonly processes: boolean
}

/**
 * Looks at a place that is in use.
 *
 * @param inUse asked again if the lease has no holder: a participant that closes leaves its place before it releases the lease
 * @returns undefined if the place is no longer in use
 */
export function inspectPlace(
  look: Look,
  side: Side,
  slot: number,
  inUse: () => boolean,
): ParticipantInspection | undefined {
  const asleep = isAsleep(side, slot)
  if (Lease.isHeld(look.memory, side.numberOf(slot))) return alive(look, side.numberOf(slot), slot, asleep)
  return inUse() ? { slot, state: 'died', asleep, ...NO_PROCESS } : undefined
}

/** Describes the holder of a lease. */
export function alive(look: Look, number: number, slot: number, asleep: boolean): ParticipantInspection {
  const pid = look.processes ? Lease.holder(look.memory, number) : undefined
  const facts = pid === undefined ? NO_PROCESS : { pid, ...processFacts(pid) }
  return { slot, state: 'alive', asleep, ...facts }
}

/** Describes a place whose holder has closed it. */
export function closed(slot: number): ParticipantInspection {
  return { slot, state: 'closed', asleep: false, ...NO_PROCESS }
}

const NO_PROCESS = { pid: undefined, command: undefined, stopped: undefined } as const

/** Names a participant in a finding. */
export function named(role: string, { slot, pid }: ParticipantInspection): FindingParticipant {
  return { role, slot, pid }
}

/** Names a participant in a sentence: `consumer 2 (process 4711)`. */
export function shown({ role, slot, pid }: FindingParticipant): string {
  return pid === undefined ? `${role} ${slot}` : `${role} ${slot} (process ${pid})`
}
