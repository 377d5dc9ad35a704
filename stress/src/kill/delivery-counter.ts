import { isWhole, type NumberedMessage } from '@memlane/testing/numbered-message'
import { COUNT, DUPLICATED, LOST, nextOf, TORN } from './progress.js'

/** Checks each message that a consumer receives, and updates the consumer's counters. */
export class DeliveryCounter {
  /** The last own number of each producer's participant. */
  readonly last = new Map<number, number>()
  readonly #who: string
  readonly #counters: Int32Array
  readonly #next: Int32Array
  readonly #fromStart: boolean
  readonly #known: boolean[]
  readonly #reported: () => number
  #missing = 0
  #complained = false

  /**
   * @param who the name of the consumer in printed complaints
   * @param fromStart whether it gets every lane from its first message on
   * @param reported how many messages the reader has said were overwritten
   */
  constructor(who: string, counters: Int32Array, fromStart: boolean, reported: () => number) {
    this.#who = who
    this.#counters = counters
    this.#next = nextOf(counters)
    this.#fromStart = fromStart
    this.#known = Array.from({ length: this.#next.length }, () => fromStart)
    this.#reported = reported
  }

  get count(): number {
    return this.#counters[COUNT] as number
  }

  add(message: NumberedMessage): void {
    const { author, own, lane, number } = message
    const counters = this.#counters
    if (!isWhole(message)) {
      Atomics.add(counters, TORN, 1)
      this.#complain(message, 'is torn')
      return
    }
    const expected = this.#known[lane] ? (this.#next[lane] as number) : number
    const last = this.last.get(author) ?? (this.#fromStart ? -1 : own - 1)
    if (number < expected || own <= last) {
      Atomics.add(counters, DUPLICATED, 1)
      this.#complain(message, `came in place of ${expected}, after ${last} of its producer`)
      return
    }
    this.#missing += number - expected
    // The numbers of the lane have no gap, but the numbers of the producer have one.
    if (number === expected) this.#missing += own - last - 1
    this.last.set(author, own)
    this.#known[lane] = true
    Atomics.store(this.#next, lane, number + 1)
    Atomics.add(counters, COUNT, 1)
    if (this.#missing === 0) return
    this.settle(false)
    if (counters[LOST] !== 0) this.#complain(message, `came in place of ${expected}, after ${last} of its producer`)
  }

  /** Counts missing messages that the reader has not reported as lost. At the end, both numbers must be equal. */
  settle(atEnd = true): void {
    const unexplained = this.#missing - this.#reported()
    Atomics.store(this.#counters, LOST, atEnd ? Math.abs(unexplained) : Math.max(0, unexplained))
  }

  /** Prints the first wrong message, to help find the reason. */
  #complain(message: NumberedMessage, what: string): void {
    if (this.#complained) return
    this.#complained = true
    console.error(`${this.#who}: ${JSON.stringify(message)} ${what}; reported lost: ${this.#reported()}`)
  }
}
