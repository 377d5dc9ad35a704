import { type DeadLetterPlace, openQueue } from '@memlane/consumer'
import '@memlane/protocol/messagepack'
import type { DeadLetterAction } from './events.js'
import type { Trust } from './trust.js'

/** How long a queue may take to appear: it is there already, or it is gone. */
const PATIENCE_MS = 500

/**
 * Sends a dead letter back into its queue, or drops it. Takes a place among the consumers of the queue for a moment.
 *
 * @returns false if the letter no longer lies there
 * @throws SharedMemoryError as `openQueue`, such as `FULL` and `TIMED_OUT`
 */
export async function actOnDeadLetter(action: DeadLetterAction, trustOwner: Trust): Promise<boolean> {
  const { name, letter, act } = action
  const queue = await openQueue(name, undefined, { trustOwner, timeoutMs: PATIENCE_MS })
  try {
    for (const found of queue.deadLetters({ only: letter })) {
      if (act === 'resend') found.resend()
      else found.discard()
      return true
    }
    return false
  } finally {
    await queue.close()
  }
}

/** Checks an action that a page has sent. */
export function readDeadLetterAction(value: unknown): DeadLetterAction | undefined {
  const { name, act, letter } = (value ?? {}) as Partial<DeadLetterAction>
  if (typeof name !== 'string' || (act !== 'resend' && act !== 'discard')) return undefined
  const { producer, slot, generation } = (letter ?? {}) as Partial<DeadLetterPlace>
  if (!isCount(producer) || !isCount(slot) || !isCount(generation)) return undefined
  return { name, act, letter: { producer, slot, generation } }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
