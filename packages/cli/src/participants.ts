import type { Participant, ParticipantInspection } from '@memlane/inspect'
import type { Cell, Tone } from './table.js'

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
