import { setImmediate } from 'node:timers/promises'
import { SharedMemoryError } from '@memlane/core'
import { oneOf, type Random } from '@memlane/testing/random'
import { below } from '../fuzz/mutation.js'
import type { ScribbleResult } from './task.js'

/**
 * The error codes that damaged bytes may cause. A header may also be right with another number: then a message is too long, which is
 * a RangeError.
 */
const CODES =
  /^(CORRUPT|TOO_SHORT|NOT_A_CHANNEL|VERSION_MISMATCH|SCHEMA_MISMATCH|FULL|TIMED_OUT|NOT_READY|NOT_FOUND|ACCESS_DENIED|CONTENDED|TAKEN_AWAY)$|longer than maxMessageLength/

/** Ways to use a participant. Each returns how many messages it has sent or received, if any. */
export type Ways<Participant> = readonly ((participant: Participant) => unknown)[]

/** How long a call may wait. */
export const LIMIT = { timeoutMs: 5 }
/** As LIMIT, for calls that block the thread. */
export const SYNC_LIMIT = { timeoutMs: 2 }

/** The life of a process that continues whatever happens to its memory. */
export class Life {
  readonly result: ScribbleResult = { done: 0, errors: {}, slowestMs: 0 }
  readonly random: Random
  readonly #end: number

  constructor(random: Random, milliseconds: number) {
    this.random = random
    this.#end = performance.now() + milliseconds
  }

  get isOver(): boolean {
    return performance.now() >= this.#end
  }

  /** Runs an action. Returns false if it failed with an allowed error. */
  async allowed(act: () => unknown): Promise<boolean> {
    const start = performance.now()
    try {
      const done = await act()
      this.result.done += typeof done === 'number' ? done : 0
      return true
    } catch (error) {
      this.count(error)
      return false
    } finally {
      this.result.slowestMs = Math.max(this.result.slowestMs, Math.round(performance.now() - start))
    }
  }

  /**
   * Counts an error.
   *
   * @throws the error if damaged bytes must not cause it
   */
  count(error: unknown): void {
    const kind = error instanceof SharedMemoryError ? error.code : error instanceof RangeError ? error.message : ''
    const [known] = CODES.exec(kind) ?? []
    if (known === undefined) throw error
    this.result.errors[known] = (this.result.errors[known] ?? 0) + 1
  }

  /** Uses a participant in random ways, up to `most` times. After an error it sometimes continues with the same participant. */
  async use<T>(participant: T, ways: Ways<T>, most = 500): Promise<void> {
    for (let lives = 1 + below(this.random, most); lives > 0 && !this.isOver; lives--) {
      const way = oneOf(this.random, ways)
      if (!(await this.allowed(() => way(participant))) && this.random() < 0.3) return
      if (this.random() < 0.1) await setImmediate()
    }
  }

  /** Reads with an iteration until it ends or some milliseconds have passed. */
  async iterate<T>(
    start: (signal: AbortSignal) => AsyncIterable<T>,
    take: (each: T) => number | Promise<number>,
  ): Promise<number> {
    const signal = AbortSignal.timeout(LIMIT.timeoutMs)
    let done = 0
    try {
      for await (const each of start(signal)) {
        done += await take(each)
        if (done >= 20) break
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
    return done
  }
}
