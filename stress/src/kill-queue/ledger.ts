/**
 * What happened to each message of a round: the ledger of kill/ledger.ts, with the latencies from a consumer's death to the next handler of
 * a message that it had.
 */

import { DUPLICATED, Ledger, SENT } from '../kill/ledger.js'

/** Its holder is about to acknowledge it. If the holder dies then, nobody can tell whether it has. */
const INTENT = 1 << 16
/** It was acknowledged, or is a dead letter. */
const DONE = 1 << 17
/** Its holder is about to reject it, or has done so. Nobody has begun with it since. */
const REJECTED = 1 << 18
/** The number of its holder + 1. */
const HOLDER = 0xffff

export class QueueLedger extends Ledger {
  /** A handler begins with a message. Counts what is wrong with that, for the participant that handles it. */
  start(author: number, own: number, me: number, now: number): void {
    const before = this.change(author, own, (word) => (word & DONE) | (me + 1))
    const holder = (before & HOLDER) - 1
    if ((before & DONE) !== 0) {
      this.complain(me, DUPLICATED, `got message ${own} of ${author}, which ${holder} has acknowledged`)
      return
    }
    if (holder === -1) return
    const died = this.diedAt(holder)
    if (died === 0) this.complain(me, DUPLICATED, `got message ${own} of ${author}, which ${holder} has, and lives`)
    else this.addLatency(now - died)
  }

  intend(author: number, own: number): void {
    this.change(author, own, (word) => word | INTENT)
  }

  done(author: number, own: number): void {
    this.change(author, own, (word) => word | DONE)
  }

  /** The holder gives the message back. */
  giveBack(author: number, own: number): void {
    this.change(author, own, (word) => word & DONE)
  }

  /** The holder makes the message a dead letter. */
  reject(author: number, own: number): void {
    this.change(author, own, (word) => (word & DONE) | REJECTED)
  }

  /**
   * Counts the messages of a producer that nobody has acknowledged or may have acknowledged. A producer may be killed after it has sent a
   * message, and before it counts the message: `rejected` has those, too.
   */
  missingOf(author: number): { rejected: number; others: number } {
    const sent = this.counters(author)[SENT] as number
    const missing = { rejected: 0, others: 0 }
    for (const [own, word] of this.entriesOf(author).entries()) {
      const holder = (word & HOLDER) - 1
      const mayBeDone = (word & INTENT) !== 0 && holder >= 0 && this.diedAt(holder) !== 0
      if ((word & DONE) !== 0 || mayBeDone) continue
      if ((word & REJECTED) !== 0) missing.rejected++
      else if (own < sent) missing.others++
    }
    return missing
  }
}
