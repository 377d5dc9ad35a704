/**
 * The progress of a round: 32-bit words in shared memory. The participants write how far they are, and read the next
 * command. A participant's words are still there after its death.
 *
 *        0  the command
 *  16 + i   how many messages lane i has carried, as far as its producers could tell
 *  32 + 16 n  the counters of participant n
 *
 * The counters of a participant: its stage; how many messages it has sent or received; how many of them it has found lost,
 * duplicated and torn; and from word 8 on, the number that it expects next in each lane.
 */

import { SharedMemory } from '@memlane/core'

/** `end`: also a participant finishes that outlives the others. */
export const Command = { run: 0, pause: 1, finish: 2, end: 3 } as const

export const Stage = { starting: 0, joining: 1, joined: 2, paused: 3 } as const

/** Indices of the counters of a participant. */
export const STAGE = 0
export const COUNT = 1
export const LOST = 2
export const DUPLICATED = 3
export const TORN = 4
const NEXT = 8

const MAX_LANES = 8
const LANES = 16
const COUNTERS = 32
const COUNTER_WORDS = 16

export class Progress implements Disposable {
  readonly #memory: SharedMemory
  readonly #words: Int32Array

  private constructor(memory: SharedMemory) {
    this.#memory = memory
    this.#words = new Int32Array(memory.buffer)
  }

  static create(name: string, counterSets: number): Progress {
    return new Progress(SharedMemory.create(name, (COUNTERS + counterSets * COUNTER_WORDS) * 4))
  }

  static open(name: string): Progress {
    return new Progress(SharedMemory.open(name))
  }

  get command(): number {
    return Atomics.load(this.#words, 0)
  }

  set command(command: number) {
    Atomics.store(this.#words, 0, command)
  }

  /** How many messages each lane has carried. */
  get lanes(): Int32Array {
    return this.#words.subarray(LANES, LANES + MAX_LANES)
  }

  counters(participant: number): Int32Array {
    const start = COUNTERS + participant * COUNTER_WORDS
    return this.#words.subarray(start, start + COUNTER_WORDS)
  }

  [Symbol.dispose](): void {
    this.#memory.close()
  }
}

/** Counters outside of shared memory. */
export function privateCounters(): Int32Array {
  return new Int32Array(COUNTER_WORDS)
}

/** The number that a consumer expects next in each lane. */
export function nextOf(counters: Int32Array): Int32Array {
  return counters.subarray(NEXT, NEXT + MAX_LANES)
}
