/**
 * What happened to each call of a round: the ledger of kill/ledger.ts, with the latencies from a server's death to the rejection of a call.
 *
 * A server notes that it is about to take a call, takes it, and notes that it has (takes.ts). So the ledger tells the truth about each take: if
 * a server is killed between the take and the second note, its first note names the one call that it may have taken.
 */

import { DUPLICATED, Ledger, MAX_ENTRIES, SENT, TORN } from '../kill/ledger.js'

export const LIES = 4
/** Servers: how often it has begun to close. */
export const CLOSES = 5
/** Clients: idempotent calls that were rejected because a server died. */
export const LOST = 5
/** Servers: the call that it is about to take, as `numberOf` + 1; 0 for none. */
const TAKING = 8

/** The number of the server that took it last + 1. */
const TAKER = 0xfff
/** A handler has begun. */
const RAN = 1 << 12
/** A handler has begun since the last take. */
const RUNS = 1 << 13
/** More than one server has taken it. */
const AGAIN = 1 << 14
const IDEMPOTENT = 1 << 15
const SETTLED = 1 << 16
/** Its client was told whether a server had taken it. */
const TOLD_TAKEN = 1 << 17
const TOLD_NOT_TAKEN = 1 << 18
const ANSWERED = 1 << 19
const DIED = 1 << 20

/** How the calls of clients ended. */
export interface Ends {
  /** Answers, and errors of handlers. */
  answered: number
  /** Rejected because a server died or closed. */
  died: number
  /** Rejected with `TIMED_OUT` or `CLOSED` after a server had taken it, or before. */
  endedTaken: number
  endedNotTaken: number
  /** Given up by a signal, or by leaving the loop over a streamed answer. */
  givenUp: number
  /** Its client was killed before. */
  unsettled: number
  /** Taken by another server after the first one had died or closed. Such a call counts above, too. */
  takenAgain: number
}

export const noEnds = (): Ends => ({
  answered: 0,
  died: 0,
  endedTaken: 0,
  endedNotTaken: 0,
  givenUp: 0,
  unsettled: 0,
  takenAgain: 0,
})

export class CallLedger extends Ledger {
  /** A client is about to make a call. */
  send(author: number, own: number, isIdempotent: boolean): void {
    this.change(author, own, () => (isIdempotent ? IDEMPOTENT : 0))
    Atomics.store(this.counters(author), SENT, own + 1)
  }

  /** A server is about to take a call. If it does not, it notes the next one in the same place. */
  taking(author: number, own: number, me: number): void {
    Atomics.store(this.counters(me), TAKING, numberOf(author, own) + 1)
  }

  /** A server has taken a call. Counts what is wrong with that. */
  took(author: number, own: number, me: number): void {
    const call = `call ${own} of ${author}`
    const before = this.change(author, own, (word) => {
      return (word & ~(TAKER | RUNS)) | (me + 1) | (takerOf(word) === -1 ? 0 : AGAIN)
    })
    if ((before & TOLD_NOT_TAKEN) !== 0)
      this.complain(me, LIES, `takes ${call}, whose client was told that nobody had taken it`)
    const taker = takerOf(before)
    if (taker === -1) return
    if ((before & IDEMPOTENT) === 0) this.complain(me, DUPLICATED, `takes ${call}, which ${taker} had taken`)
    else if (!this.#mayHaveEnded(taker)) this.complain(me, DUPLICATED, `takes ${call}, which ${taker} has, and lives`)
  }

  /** A handler begins. Counts what is wrong with that, for the server that runs it. */
  begin(author: number, own: number, me: number): void {
    const call = `call ${own} of ${author}`
    const before = this.change(author, own, (word) => word | RAN | RUNS)
    if ((before & TOLD_NOT_TAKEN) !== 0)
      this.complain(me, LIES, `runs ${call}, whose client was told that nobody had taken it`)
    if ((before & RUNS) !== 0) this.complain(me, DUPLICATED, `runs ${call} again`)
    if (takerOf(before) !== me) this.complain(me, DUPLICATED, `runs ${call}, which ${takerOf(before)} took last`)
  }

  /** A call has got an answer, or the error of its handler. */
  answered(author: number, own: number): void {
    const before = this.#settle(author, own, ANSWERED)
    if ((before & RAN) === 0) this.complain(author, TORN, `has an answer to its call ${own}, which no handler has run`)
  }

  /** A call was given up by its client, which learns nothing about it. */
  givenUp(author: number, own: number): void {
    this.#settle(author, own, 0)
  }

  /** A call was rejected because its time had passed, or its client had closed. */
  rejected(author: number, own: number, taken: unknown): void {
    const before = this.#settle(author, own, taken === true ? TOLD_TAKEN : TOLD_NOT_TAKEN)
    if (typeof taken !== 'boolean') this.complain(author, LIES, `does not know whether its call ${own} was taken`)
    else if (!taken && (before & RAN) !== 0) {
      this.complain(author, LIES, `is told that its call ${own} was not taken, and ${takerOf(before)} has run it`)
    }
  }

  /**
   * A call was rejected because its server has died or closed.
   *
   * @param now undefined if the client may have been stopped meanwhile: then the time since the death tells nothing
   * @returns false if it had to go to another server
   */
  died(author: number, own: number, taken: unknown, now?: number): boolean {
    const before = this.#settle(author, own, TOLD_TAKEN | DIED)
    if (taken !== true)
      this.complain(author, LIES, `is told that a server died with its call ${own}, and taken ${taken}`)
    const taker = takerOf(before)
    const died = taker === -1 ? 0 : this.diedAt(taker)
    if (died !== 0) {
      if (now !== undefined) this.addLatency(now - died)
    } else if (taker !== -1 && !this.#mayHaveEnded(taker)) {
      this.complain(author, LIES, `is told that the server of its call ${own} died, and ${taker} lives`)
    }
    return (before & IDEMPOTENT) === 0
  }

  /** A call was settled again, after it had been settled. */
  settledAgain(author: number, own: number): void {
    this.complain(author, DUPLICATED, `has settled its call ${own} twice`)
  }

  /**
   * Counts how the calls of a client have ended. Counts as lies the calls that were told to be taken, and that no server has taken. Call it when
   * all servers have ended.
   *
   * @param interrupted what `interruptedTakes` returned
   */
  endsOf(author: number, interrupted: ReadonlySet<number>): Ends {
    const sent = this.counters(author)[SENT] as number
    const ends = noEnds()
    this.entriesOf(author)
      .subarray(0, sent)
      .forEach((word, own) => {
        if ((word & AGAIN) !== 0) ends.takenAgain++
        if ((word & SETTLED) === 0) ends.unsettled++
        else if ((word & ANSWERED) !== 0) ends.answered++
        else if ((word & DIED) !== 0) ends.died++
        else if ((word & TOLD_TAKEN) !== 0) ends.endedTaken++
        else if ((word & TOLD_NOT_TAKEN) !== 0) ends.endedNotTaken++
        else ends.givenUp++
        const isKnown = takerOf(word) !== -1 || interrupted.has(numberOf(author, own))
        if ((word & TOLD_TAKEN) !== 0 && !isKnown) {
          this.complain(author, LIES, `was told that its call ${own} was taken, and no server has taken it`)
        }
      })
    return ends
  }

  /** The calls that servers were about to take when they were killed. Nothing tells whether they have taken them. */
  interruptedTakes(participants: number): Set<number> {
    const calls = new Set<number>()
    for (let participant = 0; participant < participants; participant++) {
      const taking = this.counters(participant)[TAKING] as number
      if (taking !== 0 && this.diedAt(participant) !== 0) calls.add(taking - 1)
    }
    return calls
  }

  #mayHaveEnded(server: number): boolean {
    return this.diedAt(server) !== 0 || Atomics.load(this.counters(server), CLOSES) > 0
  }

  #settle(author: number, own: number, mark: number): number {
    const before = this.change(author, own, (word) => word | SETTLED | mark)
    if ((before & SETTLED) !== 0) this.settledAgain(author, own)
    return before
  }
}

/** The server that took a call last; -1 for none. */
function takerOf(word: number): number {
  return (word & TAKER) - 1
}

/** One number for each call of a round. */
function numberOf(author: number, own: number): number {
  return author * MAX_ENTRIES + own
}
