import { type ConsumerSlot, LaneReader, type StreamControl } from '@memlane/protocol/internal'
import { type OutgoingLane, wideSequence } from './outgoing-lane.js'

/** A lane whose producer waits for the bridge: a message stays in the lane until it is settled. */
export class HeldLane implements OutgoingLane {
  readonly producer: number
  payload: Uint8Array = new Uint8Array(0)
  sequence = 0
  missed = 0
  readonly #reader: LaneReader
  /** Runs ahead of the reader to the end of the lane. */
  readonly #scout: LaneReader
  #scoutSequence = 0
  readonly #slot: ConsumerSlot
  /** The number of the next message that JetStream does not have; undefined if unknown before the first message. */
  #expected: number | undefined
  #pending = 0
  #settled: number
  #released: number

  /**
   * @param expected the number of the first message that JetStream does not have; undefined if any may be the first
   */
  constructor(
    control: StreamControl,
    producer: number,
    lane: ArrayBuffer,
    slot: ConsumerSlot,
    expected: number | undefined,
  ) {
    const position = control.positionOf(slot.consumer, producer)
    this.producer = producer
    this.#reader = new LaneReader(lane, 0, control.header.capacity, position, control.inOrder)
    this.#scout = new LaneReader(lane, 0, control.header.capacity, position, control.inOrder)
    this.#slot = slot
    this.#expected = expected
    this.#settled = position
    this.#released = position
  }

  get position(): number {
    return this.#reader.position
  }

  get isPending(): boolean {
    return this.#pending > 0
  }

  next(): boolean {
    const reader = this.#reader
    for (;;) {
      const offset = reader.next()
      if (offset === -1) return false
      const low = reader.sequence
      const sequence =
        this.#expected === undefined ? low >>> 0 : wideSequence(low, this.#expected, this.#reader.data.byteLength)
      if (this.#expected !== undefined) {
        if (sequence < this.#expected) continue // JetStream has it
        this.missed += sequence - this.#expected
      }
      this.sequence = sequence
      this.#expected = sequence + 1
      this.payload = new Uint8Array(reader.data.buffer, reader.data.byteOffset + offset, reader.length)
      return true
    }
  }

  ready(): boolean {
    return this.#reader.ready()
  }

  get heldBytes(): number {
    this.#runAhead()
    return (this.#scout.position - this.#released) | 0
  }

  get unreadBytes(): number {
    return (this.#scout.position - this.#reader.position) | 0
  }

  hasGrown(): boolean {
    return this.#scout.ready()
  }

  unread(): number {
    this.#runAhead()
    return this.#scout.position === this.#reader.position ? 0 : (this.#scoutSequence + 1 - (this.#expected ?? 0)) | 0
  }

  /** Moves the scout to the end of the lane. */
  #runAhead(): void {
    const scout = this.#scout
    const { position } = this.#reader
    if (((scout.position - position) | 0) < 0) scout.restart(position)
    try {
      while (((scout.position - position) | 0) < scout.data.byteLength && scout.next() !== -1) {
        this.#scoutSequence = scout.sequence
      }
    } catch {
      // `next` of the lane reports it
    }
  }

  keep(): void {
    this.#pending++
  }

  settle(end: number): void {
    this.#pending--
    this.#settled = end
  }

  get owedBytes(): number {
    if (this.#pending === 0) this.#settled = this.#reader.position // also those that were left out
    return (this.#settled - this.#released) | 0
  }

  release(): boolean {
    if (this.#settled === this.#released) return false
    this.#released = this.#settled
    this.#slot.release(this.producer, this.#released)
    return true
  }
}
