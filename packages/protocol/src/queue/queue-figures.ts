import { FREE, generationOf, kindOf, TAKEN } from '../slots/slot-word.js'
import type { QueueControl } from './queue-control.js'
import { DEAD, RETURNED, RETURNING } from './queue-word.js'
import { notBeforeIn } from './slot-note.js'

/** What a queue holds at a moment. */
export interface QueueFigures {
  /** Messages that a consumer may take now. */
  readonly ready: number
  /** Messages that consumers hold. */
  readonly taken: number
  /** Messages that were given back, and whose time has not come. */
  readonly delayed: number
  /** Dead letters. */
  readonly dead: number
  /** Dead letters that producers gave up to have a free slot, since the queue was created. Wraps at 2^32. */
  readonly dropped: number
  /** Milliseconds since the oldest message that is not a dead letter was sent; undefined if there is none. */
  readonly oldestAgeMs: number | undefined
}

/** Counts what the slots hold. Looks at all of them. */
export function figuresOf(control: QueueControl, now: number): QueueFigures {
  let ready = 0
  let taken = 0
  let delayed = 0
  let dead = 0
  let dropped = 0
  let oldest = Infinity
  const note = (index: number) => {
    oldest = Math.min(oldest, control.sentAtOf(index))
  }
  control.forEachUsed((producer) => {
    dropped = (dropped + control.droppedBy(producer)) >>> 0
    control.forEachReady(producer, (index) => {
      ready++
      note(index)
    })
    control.forEachSlotOf(producer, (index, word) => {
      const kind = kindOf(word)
      if (kind === DEAD) dead++
      if (kind !== TAKEN && kind !== RETURNING && kind !== RETURNED) return
      note(index)
      if (kind !== RETURNED) taken++
      else if (notBeforeIn(control.data, control.noteOf(index), generationOf(word)) > now) delayed++
      else ready++
    })
  })
  const oldestAgeMs = Number.isFinite(oldest) ? Math.max(0, now - oldest) : undefined
  return { ready, taken, delayed, dead, dropped, oldestAgeMs }
}

/** Tells whether a slot of that kind holds no message that is still to be processed: it is acknowledged or a dead letter. */
export function isSettled(kind: number): boolean {
  return kind === FREE || kind === DEAD
}
