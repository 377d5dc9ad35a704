/** Replaces protocol's module of ordered accesses in participants. It does the same, and notes each take of a call. */
import { RETURNED_CALL } from '../../../packages/protocol/src/call/call-word.js'
import * as atomics from '../../../packages/protocol/src/memory/atomics.js'
import { kindOf, READY, TAKEN } from '../../../packages/protocol/src/slots/slot-word.js'
import { takes } from './takes.js'

export * from '../../../packages/protocol/src/memory/atomics.js'

/** A slot becomes taken by a take, and when its client hands a part back. */
export const changeSlot: typeof atomics.changeSlot = (words, index, from, to) => {
  const change = () => atomics.changeSlot(words, index, from, to)
  const isTake = kindOf(to) === TAKEN && (kindOf(from) === READY || kindOf(from) === RETURNED_CALL)
  return isTake ? takes.note(words, index, change) : change()
}
