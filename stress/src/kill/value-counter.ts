import { isWhole, type NumberedMessage } from '@memlane/testing/numbered-message'
import { COUNT, DUPLICATED, LOST, nextOf, TORN } from './progress.js'

/**
 * Checks each value that a reader of a latest gets, and updates the reader's counters. A value counts as lost if an older one comes
 * after it, or if an iteration does not count it as skipped.
 */
export class ValueCounter {
  readonly #who: string
  readonly #counters: Int32Array
  readonly #next: Int32Array
  #last = 0

  /** @param who the name of the reader in printed complaints */
  constructor(who: string, counters: Int32Array) {
    this.#who = who
    this.#counters = counters
    this.#next = nextOf(counters)
  }

  /** A value that was read at any time: the same one may come again. */
  add(value: NumberedMessage | undefined): void {
    if (value === undefined) return
    Atomics.add(this.#counters, COUNT, 1)
    if (!isWhole(value)) this.#complain(TORN, `${JSON.stringify(value)} is torn`)
    else if (value.number < this.#last) this.#complain(LOST, `value ${value.number} came after ${this.#last}`)
    else this.#last = value.number
    Atomics.store(this.#next, 0, this.#last)
  }

  /** A value of an iteration: each comes once, and the skipped ones are counted. */
  change(value: NumberedMessage, version: number, skipped: number): void {
    const last = this.#last
    if (version === last) this.#complain(DUPLICATED, `version ${version} came twice`)
    else if (last !== 0 && version !== last + 1 + skipped) {
      this.#complain(LOST, `version ${version} came after ${last}, and ${skipped} were counted as skipped`)
    }
    if (value.number !== version) this.#complain(TORN, `version ${version} has the value ${value.number}`)
    this.add(value)
  }

  #complain(counter: number, what: string): void {
    if (Atomics.add(this.#counters, counter, 1) === 0) console.error(`${this.#who}: ${what}`)
  }
}
