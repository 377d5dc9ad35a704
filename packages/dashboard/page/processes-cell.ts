import type { Participant } from '@memlane/inspect'
import type { Cell } from './keyed-rows.js'

/** Lists the processes of one side. Leaves out those that have closed. */
export function processesCell(participants: readonly Participant[]): Cell {
  const present = participants.filter(({ state }) => state !== 'closed')
  const words = present.map(({ state, pid, slot, stopped }) => {
    if (state === 'died') return '✕ died'
    return `${pid ?? `place ${slot}`}${stopped === true ? ' (stopped)' : ''}`
  })
  const isBad = present.some(({ state }) => state === 'died')
  const isStopped = present.some(({ stopped }) => stopped === true)
  return {
    text: words.join(', ') || '–',
    tone: isBad ? 'bad' : isStopped ? 'warning' : words.length === 0 ? 'muted' : undefined,
  }
}
