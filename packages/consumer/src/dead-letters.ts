import type { Schema } from '@memlane/protocol'
import type { QueueTaker } from '@memlane/protocol/internal'
import { DeadLetter } from './dead-letter.js'
import type { DeadLetterPlace } from './queue-options.js'
import type { TakenMessages } from './taken-messages.js'

/** Takes one dead letter after another, and puts each back unless the loop resends or discards it. Ends when the consumer is stopped. */
export function* deadLetters<S extends Schema>(
  messages: TakenMessages<S>,
  taker: QueueTaker,
  isStopped: () => boolean,
): Generator<DeadLetter<S>, void> {
  for (let next = 0; !isStopped(); ) {
    const index = taker.takeDead(next)
    if (index === -1) return
    next = taker.numberAt(index) + 1
    yield* takenLetter(messages, index, taker.taken)
  }
}

/** The same with the letter of one place. Yields nothing if it is no longer there. */
export function* deadLetterAt<S extends Schema>(
  messages: TakenMessages<S>,
  taker: QueueTaker,
  { producer, slot, generation }: DeadLetterPlace,
): Generator<DeadLetter<S>, void> {
  const index = taker.takeDeadAt(producer, slot, generation)
  if (index !== -1) yield* takenLetter(messages, index, taker.taken)
}

function* takenLetter<S extends Schema>(messages: TakenMessages<S>, index: number, taken: number) {
  const letter = new DeadLetter(messages, index, taken, messages.control.pidOf(index))
  try {
    // If the letter was taken away while it was read, it may be another message.
    if (messages.isTaken(index, taken)) yield letter
  } finally {
    messages.putBack(index, taken)
  }
}
