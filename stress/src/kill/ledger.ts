/**
 * What happened to each message or call of a round, in shared memory. A participant's words are still there after its death.
 *
 *   0              the command
 *   4              how many latencies follow
 *   64             latencies, u32 each, in microseconds
 *   ...            each participant: 10 words of counters, words 6 and 7 of them the time of its death (f64); then an entry (u32) for each
 *                  of its messages or calls
 */

import { SharedMemory } from '@memlane/core'

export { Command, STAGE, Stage } from './progress.js'

export const SENT = 1
export const TORN = 2
export const DUPLICATED = 3
const DIED = 3 // in doubles

/** A participant sends no more messages or calls than this. */
export const MAX_ENTRIES = 8192
const MAX_LATENCIES = 65_536

const LATENCIES = 16
const PARTICIPANTS = LATENCIES + MAX_LATENCIES
const COUNTER_WORDS = 10
const PARTICIPANT_WORDS = COUNTER_WORDS + MAX_ENTRIES

/** Creates the memory of a ledger. */
export function createLedgerMemory(name: string, participants: number): SharedMemory {
  return SharedMemory.create(name, (PARTICIPANTS + participants * PARTICIPANT_WORDS) * 4)
}

export class Ledger implements Disposable {
  readonly #memory: SharedMemory
  readonly #words: Int32Array

  /** @param memory the ledger closes it */
  constructor(memory: SharedMemory) {
    this.#memory = memory
    this.#words = new Int32Array(memory.buffer)
  }

  get command(): number {
    return Atomics.load(this.#words, 0)
  }

  set command(command: number) {
    Atomics.store(this.#words, 0, command)
  }

  counters(participant: number): Int32Array {
    const start = startOf(participant)
    return this.#words.subarray(start, start + COUNTER_WORDS)
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

  /** Microseconds from a participant's death to its consequence, one for each message or call that it had. */
  latencies(): number[] {
    return [...this.#words.subarray(LATENCIES, LATENCIES + Math.min(MAX_LATENCIES, this.#words[1] as number))]
  }

  protected addLatency(milliseconds: number): void {
    const index = Atomics.add(this.#words, 1, 1)
    if (index < MAX_LATENCIES) this.#words[LATENCIES + index] = Math.round(milliseconds * 1000)
  }

  /** The entries of all messages or calls that a participant can send. */
  protected entriesOf(author: number): Int32Array {
    const start = startOf(author) + COUNTER_WORDS
    return this.#words.subarray(start, start + MAX_ENTRIES)
  }

  /** Changes an entry. Returns what it was before. */
  protected change(author: number, own: number, change: (word: number) => number): number {
    const index = startOf(author) + COUNTER_WORDS + own
    for (;;) {
      const word = Atomics.load(this.#words, index)
      if (Atomics.compareExchange(this.#words, index, word, change(word)) === word) return word
    }
  }

  /** Counts something wrong, and prints it. */
  protected complain(participant: number, counter: number, what: string): void {
    console.error(`participant ${participant} ${what}`)
    Atomics.add(this.counters(participant), counter, 1)
  }

  #times(participant: number): Float64Array {
    return new Float64Array(this.#memory.buffer, startOf(participant) * 4, COUNTER_WORDS / 2)
  }

  [Symbol.dispose](): void {
    this.#memory.close()
  }
}

const startOf = (participant: number) => PARTICIPANTS + participant * PARTICIPANT_WORDS
