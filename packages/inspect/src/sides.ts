import type { Inspection } from './inspection.js'
import type { ParticipantInspection } from './participant-inspection.js'

/** A participant with the name of its role. */
export interface Participant extends ParticipantInspection {
  readonly role: 'producer' | 'consumer' | 'writer' | 'reader' | 'client' | 'server'
}

/** Both sides of a memory: those who send, set or call; and those who receive, read or serve. */
export interface Sides {
  readonly producers: readonly Participant[]
  readonly consumers: readonly Participant[]
}

/** Returns the participants of a memory of any shape. */
export function sidesOf(memory: Inspection): Sides {
  switch (memory.shape) {
    case 'stream':
    case 'queue':
      return { producers: as('producer', memory.producers), consumers: as('consumer', memory.consumers) }
    case 'latest':
      return {
        producers: as('writer', memory.writer === undefined ? [] : [memory.writer]),
        consumers: as('reader', memory.readers),
      }
    case 'call':
      return { producers: as('client', memory.clients), consumers: as('server', memory.servers) }
    case 'region':
    case 'bytes':
      return { producers: as('writer', memory.writers), consumers: [] }
    default:
      return { producers: [], consumers: [] }
  }
}

function as(role: Participant['role'], participants: readonly ParticipantInspection[]): Participant[] {
  return participants.map((participant) => ({ role, ...participant }))
}
