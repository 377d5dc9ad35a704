import { CopiedPayload, ObservedLane } from '@memlane/inspect/internal'
import type { StreamControl } from '@memlane/protocol/internal'
import { type OutgoingLane, wideSequence } from './outgoing-lane.js'

/** A lane whose producer does not wait: messages are copied, and what the bridge does not read in time is missed. */
export class OverwrittenLane implements OutgoingLane {
  readonly producer: number
  payload: Uint8Array = new Uint8Array(0)
  sequence = 0
  missed = 0
  readonly position = 0
  readonly owedBytes = 0
  readonly #lane: ObservedLane
  readonly #capacity: number
  readonly #copy = new CopiedPayload()
  #expected: number | undefined
  #pending = 0
  /** True if `next` has copied a message that it was not asked for yet. */
  #isAhead = false

  /** @param expected as in HeldLane */
  constructor(control: StreamControl, producer: number, lane: ArrayBuffer, expected: number | undefined) {
    this.producer = producer
    this.#lane = new ObservedLane(control, producer, lane, this.#copy, expected === 0 ? 'first' : 'oldest')
    this.#capacity = lane.byteLength
    this.#expected = expected
  }

  get isPending(): boolean {
    return this.#pending > 0
  }

  next(): boolean {
    if (!this.ready()) return false
    this.#isAhead = false
    return true
  }

  ready(): boolean {
    while (!this.#isAhead) {
      if (!this.#lane.next()) return false
      const low = this.#lane.sequence
      const sequence = this.#expected === undefined ? low >>> 0 : wideSequence(low, this.#expected, this.#capacity)
      if (this.#expected === undefined) this.missed += this.#lane.missedBefore
      else if (sequence < this.#expected)
        continue // JetStream has it
      else this.missed += sequence - this.#expected
      this.sequence = sequence
      this.#expected = sequence + 1
      this.payload = new Uint8Array(this.#copy.data.buffer, 0, this.#copy.length)
      this.#isAhead = true
    }
    return true
  }

  /** The producer may overwrite an unread message at any time: it counts as a full lane. */
  get heldBytes(): number {
    return this.ready() ? Infinity : 0
  }

  get unreadBytes(): number {
    return this.heldBytes
  }

  hasGrown(): boolean {
    return this.ready()
  }

  /** The messages behind the next one are not known before they are copied. */
  unread(): number {
    return this.ready() ? 1 : 0
  }

  keep(): void {
    this.#pending++
  }

  settle(): void {
    this.#pending--
  }

  release(): boolean {
    return false
  }
}
