/** The kinds of a queue's slot, after those of slot-word.ts. */

/** Its consumer is giving the message back: it writes the note, and then stores `RETURNED` or `DEAD`. */
export const RETURNING = 3
/** A message that was given back. Consumers may take it when its time has come. */
export const RETURNED = 4
/** A dead letter: a message that was delivered too often, or rejected. */
export const DEAD = 5
