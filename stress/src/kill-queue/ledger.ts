/**
 * What happened to each message of a round, in shared memory. A participant's words are still there after its death.
 *
 *   0              the command
 *   4              how many latencies follow
 *   64             latencies, u32 each: microseconds from a consumer's death to the next handler of a message that it had
 *   ...            participants, 8 words each: stage, sent, torn, duplicated; then the time of its death (f64, word 6)
 *   ...            messages of each participant, u32 each: the holder's number + 1 (bits 0-15), INTENT, DONE, REJECTED
 */

import { SharedMemory } from '@memlane/core'

export { Command, STAGE, Stage } from '../kill/progress.js'

export const SENT = 1
export const TORN = 2
export const DUPLICATED = 3
const DIED = 3 // in doubles

/** A producer sends no more than this. */
export const MAX_MESSAGES = 8192
const MAX_LATENCIES = 65_536

/** Its holder is about to acknowledge it. If the holder dies then, nobody can tell whether it has. */
const INTENT = 1 << 16
/** It was acknowledged, or is a dead letter. */
const DONE = 1 << 17
/** Its holder is about to reject it, or has done so. Nobody has begun with it since. */
const REJECTED = 1 << 18
const HOLDER = 0xffff

const LATENCIES = 16
const PARTICIPANTS = LATENCIES + MAX_LATENCIES
const PARTICIPANT_WORDS = 8

export class Ledger implements Disposable {
  readonly #memory: SharedMemory
  readonly #words: Int32Array
  readonly #messages: number

  private constructor(memory: SharedMemory, participants: number) {
    this.#memory = memory
    this.#words = new Int32Array(memory.buffer)
    this.#messages = PARTICIPANTS + participants * PARTICIPANT_WORDS
  }

  static create(name: string, participants: number): Ledger {
    const words = PARTICIPANTS + participants * (PARTICIPANT_WORDS + MAX_MESSAGES)
    return new Ledger(SharedMemory.create(name, words * 4), participants)
  }

  static open(name: string, participants: number): Ledger {
    return new Ledger(SharedMemory.open(name), participants)
  }

  get command(): number {
    return Atomics.load(this.#words, 0)
  }

  set command(command: number) {
    Atomics.store(this.#words, 0, command)
  }

  counters(participant: number): Int32Array {
    const start = PARTICIPANTS + participant * PARTICIPANT_WORDS
    return this.#words.subarray(start, start + PARTICIPANT_WORDS)
  }

  /** Notes that a participant is about to be killed. */
  dies(participant: number, time: number): void {
    this.#times(participant)[DIED] = time
    Atomics.add(this.#words, 1, 0) // a fence: the time is there before the death
  }

  /** When a participant was killed; 0 while it lives. */
  diedAt(participant: number): number {
    return this.#times(participant)[DIED] as number
  }

  /** A handler begins with a message. Counts what is wrong with that, for the participant that handles it. */
  start(author: number, own: number, me: number, now: number): void {
    const before = this.#change(author, own, (word) => (word & DONE) | (me + 1))
    const holder = (before & HOLDER) - 1
    const counters = this.counters(me)
    if ((before & DONE) !== 0) {
      Atomics.add(counters, DUPLICATED, 1)
      console.error(`participant ${me} got message ${own} of ${author}, which ${holder} has acknowledged`)
      return
    }
    if (holder === -1) return
    const died = this.diedAt(holder)
    if (died === 0) {
      Atomics.add(counters, DUPLICATED, 1)
      console.error(`participant ${me} got message ${own} of ${author}, which ${holder} has, and lives`)
      return
    }
    const index = Atomics.add(this.#words, 1, 1)
    if (index < MAX_LATENCIES) this.#words[LATENCIES + index] = Math.round((now - died) * 1000)
  }

  intend(author: number, own: number): void {
    this.#change(author, own, (word) => word | INTENT)
  }

  done(author: number, own: number): void {
    this.#change(author, own, (word) => word | DONE)
  }

  /** The holder gives the message back. */
  giveBack(author: number, own: number): void {
    this.#change(author, own, (word) => word & DONE)
  }

  /** The holder makes the message a dead letter. */
  reject(author: number, own: number): void {
    this.#change(author, own, (word) => (word & DONE) | REJECTED)
  }

  /**
   * Counts the messages of a producer that nobody has acknowledged or may have acknowledged. A producer may be killed after it has sent a
   * message, and before it counts the message: `rejected` has those, too.
   */
  missingOf(author: number): { rejected: number; others: number } {
    const sent = this.counters(author)[SENT] as number
    const missing = { rejected: 0, others: 0 }
    for (let own = 0; own < MAX_MESSAGES; own++) {
      const word = this.#words[this.#messages + author * MAX_MESSAGES + own] as number
      const holder = (word & HOLDER) - 1
      const mayBeDone = (word & INTENT) !== 0 && holder >= 0 && this.diedAt(holder) !== 0
      if ((word & DONE) !== 0 || mayBeDone) continue
      if ((word & REJECTED) !== 0) missing.rejected++
      else if (own < sent) missing.others++
    }
    return missing
  }

  /** Microseconds from a consumer's death to the next handler, one for each message that it had. */
  latencies(): number[] {
    return [...this.#words.subarray(LATENCIES, LATENCIES + Math.min(MAX_LATENCIES, this.#words[1] as number))]
  }

  #times(participant: number): Float64Array {
    const start = PARTICIPANTS + participant * PARTICIPANT_WORDS
    return new Float64Array(this.#memory.buffer, start * 4, PARTICIPANT_WORDS / 2)
  }

  #change(author: number, own: number, change: (word: number) => number): number {
    const index = this.#messages + author * MAX_MESSAGES + own
    for (;;) {
      const word = Atomics.load(this.#words, index)
      if (Atomics.compareExchange(this.#words, index, word, change(word)) === word) return word
    }
  }

  [Symbol.dispose](): void {
    this.#memory.close()
  }
}
