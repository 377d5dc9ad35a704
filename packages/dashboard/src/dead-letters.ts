import { type Inspection, inspectDeadLetters } from '@memlane/inspect'
import type { DeadLetterRow } from './events.js'
import type { Trust } from './trust.js'
import { valueText } from './value-text.js'

/** A person cannot read more. */
const MAX_SHOWN = 100

/** Reads the first dead letters of a queue. None of memory that is no queue. */
export function deadLettersOf(memory: Inspection | undefined, trustOwner: Trust): DeadLetterRow[] {
  if (memory?.shape !== 'queue' || memory.figures.dead === 0) return []
  const letters = inspectDeadLetters(memory.name, { trustOwner })
  return letters.slice(0, MAX_SHOWN).map(({ value, bytes, ...letter }) => {
    const text = valueText({ length: bytes.length, value: () => known(value), bytes: () => bytes })
    return { ...letter, text }
  })
}

function known(value: unknown): unknown {
  if (value === undefined) throw new Error('The bytes do not fit the schema.')
  return value
}
