import type { Inspection } from './inspection.js'

/** How much goes through a memory. */
export interface Rate {
  /** Messages sent, values set or calls made, per second. */
  readonly perSecond: number
  /** Bytes sent per second. Only streams count them. */
  readonly bytesPerSecond: number | undefined
}

/**
 * Computes the rate from two looks at one memory. The counters wrap at 2^32: look again before they come around.
 *
 * @param before the earlier look; undefined if there was none
 * @param ms milliseconds between the looks
 * @returns undefined if the memory counts nothing, or another one has its name by now
 */
export function rateBetween(before: Inspection | undefined, after: Inspection, ms: number): Rate | undefined {
  if (before === undefined || before.shape !== after.shape || ms <= 0) return undefined
  if (!('instance' in before && 'instance' in after) || before.instance !== after.instance) return undefined
  const [from, to] = [countersOf(before), countersOf(after)]
  if (from === undefined || to === undefined) return undefined
  const perSecond = (now: number, then: number) => (((now - then) >>> 0) * 1000) / ms
  return {
    perSecond: perSecond(to.messages, from.messages),
    bytesPerSecond: to.bytes === undefined ? undefined : perSecond(to.bytes, from.bytes ?? to.bytes),
  }
}

/** What waits in a memory. */
export interface Backlog {
  /** Messages that the slowest consumer has not taken; messages of a queue that are not done; calls without an answer. */
  readonly lagMessages: number | undefined
  readonly lagBytes: number | undefined
  /** Milliseconds since the newest value of a latest was set, or the oldest message of a queue was sent. */
  readonly ageMs: number | undefined
  /** Dead letters that a queue has given up. */
  readonly dropped: number | undefined
}

/** Tells what waits in a memory. */
export function backlogOf(memory: Inspection): Backlog {
  const none = { lagMessages: undefined, lagBytes: undefined, ageMs: undefined, dropped: undefined }
  switch (memory.shape) {
    case 'stream':
      return { ...none, lagMessages: memory.figures.lagMessages, lagBytes: memory.figures.lagBytes }
    case 'latest':
      return { ...none, ageMs: memory.figures.ageMs }
    case 'queue': {
      const { ready, taken, delayed, oldestAgeMs, dropped } = memory.figures
      const lagMessages = ready + taken + delayed
      return { ...none, lagMessages, ageMs: lagMessages === 0 ? undefined : oldestAgeMs, dropped }
    }
    case 'call':
      return { ...none, lagMessages: memory.figures.waiting + memory.figures.taken }
    default:
      return none
  }
}

function countersOf(memory: Inspection): { messages: number; bytes: number | undefined } | undefined {
  switch (memory.shape) {
    case 'stream':
      return { messages: memory.figures.sent, bytes: memory.figures.sentBytes }
    case 'queue':
      return { messages: memory.figures.sent, bytes: undefined }
    case 'latest':
      return { messages: memory.figures.set, bytes: undefined }
    case 'call':
      return { messages: memory.figures.called, bytes: undefined }
    default:
      return undefined
  }
}
