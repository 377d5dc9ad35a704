/**
 * What happened to each call of a round, in shared memory. A participant's words are still there after its death.
 *
 *   0              the command
 *   4              how many latencies follow
 *   64             latencies, u32 each: microseconds from a server's death to the rejection of a call that it had
 *   ...            participants, 8 words each: see the indices below; then the time of its death (f64, words 6 and 7)
 *   ...            calls of each participant, u32 each: the number of the server that ran it last + 1 (bits 0-11), how often handlers began
 *                  (bits 12-15), SETTLED, NOT_TAKEN, IDEMPOTENT
 */

import { SharedMemory } from '@memlane/core'

export { Command, STAGE, Stage } from '../kill/progress.js'

export const SENT = 1
export const TORN = 2
export const DUPLICATED = 3
export const LIES = 4
/** Servers: how often it has begun to close. */
export const CLOSES = 5
/** Clients: idempotent calls that were rejected because a server died. */
export const LOST = 5
const DIED = 3 // in doubles

/** A client makes no more calls than this. */
export const MAX_CALLS = 8192
const MAX_LATENCIES = 65_536

const RUNNER = 0xfff
const ONE_RUN = 1 << 12
const RUNS = 0xf << 12
const SETTLED = 1 << 16
/** Its client was told that no server has taken it. */
const NOT_TAKEN = 1 << 17
const IDEMPOTENT = 1 << 18

const LATENCIES = 16
const PARTICIPANTS = LATENCIES + MAX_LATENCIES
const PARTICIPANT_WORDS = 8

export class CallLedger implements Disposable {
  readonly #memory: SharedMemory
  readonly #words: Int32Array
  readonly #calls: number

  private constructor(memory: SharedMemory, participants: number) {
    this.#memory = memory
    this.#words = new Int32Array(memory.buffer)
    this.#calls = PARTICIPANTS + participants * PARTICIPANT_WORDS
  }

  static create(name: string, participants: number): CallLedger {
    const words = PARTICIPANTS + participants * (PARTICIPANT_WORDS + MAX_CALLS)
    return new CallLedger(SharedMemory.create(name, words * 4), participants)
  }

  static open(name: string, participants: number): CallLedger {
    return new CallLedger(SharedMemory.open(name), participants)
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

  /** A client is about to make a call. */
  send(author: number, own: number, isIdempotent: boolean): void {
    this.#change(author, own, () => (isIdempotent ? IDEMPOTENT : 0))
    Atomics.store(this.counters(author), SENT, own + 1)
  }

  /** A handler begins. Counts what is wrong with that, for the server that runs it. */
  begin(author: number, own: number, me: number): void {
    const before = this.#change(author, own, (word) => {
      const runs = (word & RUNS) === RUNS ? word : word + ONE_RUN
      return (runs & ~RUNNER) | (me + 1)
    })
    if ((before & NOT_TAKEN) !== 0) this.#count(me, LIES, `runs call ${own} of ${author}, which nobody had taken`)
    const runner = runnerOf(before)
    if (runner === -1) return
    if ((before & IDEMPOTENT) === 0)
      this.#count(me, DUPLICATED, `runs call ${own} of ${author}, which ${runner} has run`)
    else if (!this.#mayHaveEnded(runner)) {
      this.#count(me, DUPLICATED, `runs call ${own} of ${author}, which ${runner} has, and lives`)
    }
  }

  /** A call has got an answer, or the error of its handler. */
  answered(author: number, own: number): void {
    const before = this.#settle(author, own)
    if (runnerOf(before) === -1) this.#count(author, TORN, `has an answer to its call ${own}, which no handler has run`)
  }

  /** A call was given up by its client, which learns nothing about it. */
  givenUp(author: number, own: number): void {
    this.#settle(author, own)
  }

  /** A call was rejected because it has ended otherwise. */
  rejected(author: number, own: number, taken: unknown): void {
    const before = this.#settle(author, own, taken === false ? NOT_TAKEN : 0)
    if (typeof taken !== 'boolean') this.#count(author, LIES, `does not know whether its call ${own} was taken`)
    else if (!taken && runnerOf(before) !== -1) {
      this.#count(author, LIES, `is told that its call ${own} was not taken, and ${runnerOf(before)} has run it`)
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
    if (taken !== true) this.#count(author, LIES, `is told that a server died with its call ${own}, and taken ${taken}`)
    if (runner === -1) return (before & IDEMPOTENT) === 0 // the server died before it began
    const died = this.diedAt(runner)
    if (died !== 0) {
      const index = Atomics.add(this.#words, 1, 1)
      if (index < MAX_LATENCIES) this.#words[LATENCIES + index] = Math.round((now - died) * 1000)
    } else if (!this.#mayHaveEnded(runner)) {
      this.#count(author, LIES, `is told that the server of its call ${own} died, and ${runner} lives`)
    }
    return (before & IDEMPOTENT) === 0
  }

  /** Counts the calls of a client that were never settled. */
  unsettledOf(author: number): number {
    const sent = this.counters(author)[SENT] as number
    const start = this.#calls + author * MAX_CALLS
    return this.#words.subarray(start, start + sent).filter((word) => (word & SETTLED) === 0).length
  }

  /** Microseconds from a server's death to the rejection, one for each call that it had. */
  latencies(): number[] {
    return [...this.#words.subarray(LATENCIES, LATENCIES + Math.min(MAX_LATENCIES, this.#words[1] as number))]
  }

  #mayHaveEnded(server: number): boolean {
    return this.diedAt(server) !== 0 || Atomics.load(this.counters(server), CLOSES) > 0
  }

  #settle(author: number, own: number, mark = 0): number {
    const before = this.#change(author, own, (word) => word | SETTLED | mark)
    if ((before & SETTLED) !== 0) this.#count(author, DUPLICATED, `has settled its call ${own} twice`)
    return before
  }

  #count(participant: number, counter: number, what: string): void {
    console.error(`participant ${participant} ${what}`)
    Atomics.add(this.counters(participant), counter, 1)
  }

  #times(participant: number): Float64Array {
    const start = PARTICIPANTS + participant * PARTICIPANT_WORDS
    return new Float64Array(this.#memory.buffer, start * 4, PARTICIPANT_WORDS / 2)
  }

  #change(author: number, own: number, change: (word: number) => number): number {
    const index = this.#calls + author * MAX_CALLS + own
    for (;;) {
      const word = Atomics.load(this.#words, index)
      if (Atomics.compareExchange(this.#words, index, word, change(word)) === word) return word
    }
  }

  [Symbol.dispose](): void {
    this.#memory.close()
  }
}

/** The server that has run a call last; -1 for none. */
function runnerOf(word: number): number {
  return (word & RUNNER) - 1
}
