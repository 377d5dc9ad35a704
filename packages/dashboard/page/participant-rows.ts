import type { Inspection, ParticipantInspection } from '@memlane/inspect'
import type { Cell, Row } from './keyed-rows.js'
import { exactNumber, shortBytes } from './units.js'

/** The participants of a memory as rows: role, place, process, state, figures, program. */
export function participantRows(memory: Inspection): Row[] {
  switch (memory.shape) {
    case 'stream':
      return [
        ...rows('producer', memory.producers, ({ sent, sentBytes, heldBytes }) => {
          return `sent ${exactNumber(sent)} (${shortBytes(sentBytes)}), ${shortBytes(heldBytes)} not taken`
        }),
        ...rows('consumer', memory.consumers, ({ ready, lagMessages, lagBytes }) => {
          if (!ready) return 'is joining'
          if (lagBytes === undefined) return 'does not report its lag'
          return `lags ${lagMessages === undefined ? '' : `${exactNumber(lagMessages)} messages, `}${shortBytes(lagBytes)}`
        }),
      ]
    case 'latest':
      return [
        ...rows('writer', memory.writer === undefined ? [] : [memory.writer], none),
        ...rows('reader', memory.readers, none),
      ]
    case 'queue':
      return [
        ...rows('producer', memory.producers, ({ sent, used, dropped }) => {
          return `sent ${exactNumber(sent)}, ${used} of ${memory.geometry.capacity} slots in use, ${exactNumber(dropped)} dropped`
        }),
        ...rows('consumer', memory.consumers, ({ taken }) => `holds ${exactNumber(taken)} messages`),
      ]
    case 'call':
      return [
        ...rows('client', memory.clients, ({ called, waiting, taken }) => {
          return `called ${exactNumber(called)}, ${waiting} waiting, ${taken} being answered`
        }),
        ...rows('server', memory.servers, ({ taken }) => `is answering ${exactNumber(taken)}`),
      ]
    case 'region':
    case 'bytes':
      return rows('writer', memory.writers, none)
    default:
      return []
  }
}

const none = () => ''

function rows<P extends ParticipantInspection>(
  role: string,
  participants: readonly P[],
  figures: (participant: P) => string,
): Row[] {
  return participants.map((participant) => {
    const { slot, pid, command } = participant
    const cells = [
      role,
      String(slot),
      pid === undefined ? '–' : String(pid),
      stateCell(participant),
      figures(participant),
      command ?? '–',
    ]
    return { key: `${role} ${slot}`, cells }
  })
}

function stateCell({ state, stopped, asleep }: ParticipantInspection): Cell {
  if (state === 'died') return { text: '✕ died', tone: 'bad' }
  if (state === 'closed') return { text: 'closed', tone: 'muted' }
  if (stopped === true) return { text: '! stopped', tone: 'warning' }
  return { text: asleep ? '✓ waiting' : '✓ running', tone: 'good' }
}
