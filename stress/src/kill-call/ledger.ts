/** What happened to each call of a round: the ledger of kill/ledger.ts, with the latencies from a server's death to the rejection of a call. */

import { DUPLICATED, Ledger, SENT, TORN } from '../kill/ledger.js'

export const LIES = 4
/** Servers: how often it has begun to close. */
export const CLOSES = 5
/** Clients: idempotent calls that were rejected because a server died. */
export const LOST = 5

/** The number of the server that ran it last + 1. */
const RUNNER = 0xfff
const ONE_RUN = 1 << 12
/** How often handlers began. */
const RUNS = 0xf << 12
const SETTLED = 1 << 16
/** Its client was told that no server has taken it. */
const NOT_TAKEN = 1 << 17
const IDEMPOTENT = 1 << 18

export class CallLedger extends Ledger {
  /** A client is about to make a call. */
  send(author: number, own: number, isIdempotent: boolean): void {
    this.change(author, own, () => (isIdempotent ? IDEMPOTENT : 0))
    Atomics.store(this.counters(author), SENT, own + 1)
  }

  /** A handler begins. Counts what is wrong with that, for the server that runs it. */
  begin(author: number, own: number, me: number): void {
    const before = this.change(author, own, (word) => {
      const runs = (word & RUNS) === RUNS ? word : word + ONE_RUN
      return (runs & ~RUNNER) | (me + 1)
    })
    if ((before & NOT_TAKEN) !== 0) this.complain(me, LIES, `runs call ${own} of ${author}, which nobody had taken`)
    const runner = runnerOf(before)
    if (runner === -1) return
    if ((before & IDEMPOTENT) === 0)
      this.complain(me, DUPLICATED, `runs call ${own} of ${author}, which ${runner} has run`)
    else if (!this.#mayHaveEnded(runner)) {
      this.complain(me, DUPLICATED, `runs call ${own} of ${author}, which ${runner} has, and lives`)
    }
  }

  /** A call has got an answer, or the error of its handler. */
  answered(author: number, own: number): void {
    const before = this.#settle(author, own)
    if (runnerOf(before) === -1)
      this.complain(author, TORN, `has an answer to its call ${own}, which no handler has run`)
  }

  /** A call was given up by its client, which learns nothing about it. */
  givenUp(author: number, own: number): void {
    this.#settle(author, own)
  }

  /** A call was rejected because it has ended otherwise. */
  rejected(author: number, own: number, taken: unknown): void {
    const before = this.#settle(author, own, taken === false ? NOT_TAKEN : 0)
    if (typeof taken !== 'boolean') this.complain(author, LIES, `does not know whether its call ${own} was taken`)
    else if (!taken && runnerOf(before) !== -1) {
      this.complain(author, LIES, `is told that its call ${own} was not taken, and ${runnerOf(before)} has run it`)
    }
  }

  /**
   * A call was rejected because its server has died.
   *
   * @returns false if it had to go to another server
   */
  died(author: number, own: number, taken: unknown, now: number): boolean {
    const before = this.#settle(author, own)
    const runner = runnerOf(before)
    if (taken !== true)
      this.complain(author, LIES, `is told that a server died with its call ${own}, and taken ${taken}`)
    if (runner === -1) return (before & IDEMPOTENT) === 0 // the server died before it began
    const died = this.diedAt(runner)
    if (died !== 0) this.addLatency(now - died)
    else if (!this.#mayHaveEnded(runner)) {
      this.complain(author, LIES, `is told that the server of its call ${own} died, and ${runner} lives`)
    }
    return (before & IDEMPOTENT) === 0
  }

  /** Counts the calls of a client that were never settled. */
  unsettledOf(author: number): number {
    const sent = this.counters(author)[SENT] as number
    return this.entriesOf(author)
      .subarray(0, sent)
      .filter((word) => (word & SETTLED) === 0).length
  }

  #mayHaveEnded(server: number): boolean {
    return this.diedAt(server) !== 0 || Atomics.load(this.counters(server), CLOSES) > 0
  }

  #settle(author: number, own: number, mark = 0): number {
    const before = this.change(author, own, (word) => word | SETTLED | mark)
    if ((before & SETTLED) !== 0) this.complain(author, DUPLICATED, `has settled its call ${own} twice`)
    return before
  }
}

/** The server that has run a call last; -1 for none. */
function runnerOf(word: number): number {
  return (word & RUNNER) - 1
}
