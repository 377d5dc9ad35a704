/** The kinds of a call's slot, after those of slot-word.ts, and the statuses of an answer. */

/** The answer is there: its client may read it, and then frees the slot. */
export const ANSWERED = 3
/** The server of an idempotent call died. Another server may take it. (The same kind as of queues: RETURNED.) */
export const RETURNED_CALL = 4
/** Parts of a streamed answer are there. The server holds the slot, and goes on when the client has made it `TAKEN` again. */
export const PART = 5
/** The client has given up the call. The server holds the slot, and frees it. */
export const ABANDONED = 6
/** The server died, or closed before it had answered. */
export const DIED = 7

/** The procedure has ended: the answer area holds its answer, or nothing after a stream. */
export const DONE = 0
/** The procedure has failed: the answer area holds the error, as JSON in UTF-8. */
export const FAILED = 1
/** The server has not begun the procedure: its deadline had passed. */
export const EXPIRED = 2
/** The procedure has failed after the deadline had passed. */
export const LATE = 3
