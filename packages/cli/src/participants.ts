import type { Inspection, ParticipantInspection } from '@memlane/inspect'
import type { Cell, Tone } from './table.js'

/** A participant with the name of its role. */
export interface Participant extends ParticipantInspection {
  readonly role: 'producer' | 'consumer' | 'writer' | 'reader' | 'client' | 'server'
}

/** Both sides of a memory: those who send, set or call; and those who receive, read or serve. */
export interface Sides {
  readonly producers: readonly Participant[]
  readonly consumers: readonly Participant[]
}

/** Returns the participants of a memory. */
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

/** Tells the state of a participant in one word. */
export function stateCell({ state, stopped, asleep }: ParticipantInspection): Cell {
  if (state === 'died') return { text: 'died', tone: 'red' }
  if (state === 'closed') return { text: 'closed', tone: 'dim' }
  if (stopped === true) return { text: 'stopped', tone: 'yellow' }
  return { text: asleep ? 'waiting' : 'alive', tone: 'green' }
}

/** Lists the processes of one side: `4711 4712(stopped) died`. Leaves out those that have closed. */
export function processesCell(participants: readonly Participant[]): Cell {
  const present = participants.filter(({ state }) => state !== 'closed')
  const words = present.map(({ state, pid, stopped, slot }) => {
    if (state === 'died') return 'died'
    return `${pid ?? `slot ${slot}`}${stopped === true ? '(stopped)' : ''}`
  })
  const tone: Tone | undefined = words.includes('died')
    ? 'red'
    : present.some(({ stopped }) => stopped === true)
      ? 'yellow'
      : undefined
  const text = words.join(' ')
  return tone === undefined ? text : { text, tone }
}
