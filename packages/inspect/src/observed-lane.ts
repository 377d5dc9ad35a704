/**
 * A lane of a stream, read by an observer that no producer waits for.
 *
 * A producer moves the lane's base before it overwrites older records, with either overflow. So a copy is whole if the base has not
 * passed the record after the copy was made: the same check as in OverwrittenCursor. Here, positions wrap at 2^32, because only the low
 * half of the base exists with `overflow: 'wait'`. An observer that was away for more than 2^31 bytes could take an overtaken position
 * for a valid one. Then the number of the record there is not the next one, or there is none before the announced end. After each
 * such loss, the observer enters the lane again at its base, where a record begins for sure.
 */

import { type LanePosition, LaneReader, type StreamControl } from '@memlane/protocol/internal'
import type { CopiedPayload } from './copied-payload.js'

/** How often an observer enters a lane again that is overwritten meanwhile, before it leaves that to the next call. */
const MAX_ENTRIES = 100

/** Where an observer begins in a lane. `first`: with the first message that the lane ever had. */
export type LaneStart = 'now' | 'newest' | 'oldest' | 'first'

export class ObservedLane {
  readonly producer: number
  /** The number of the message that `next` found; wraps. */
  sequence = 0
  /** How many messages went by unseen directly before it. */
  missedBefore = 0
  missed = 0
  readonly #control: StreamControl
  readonly #reader: LaneReader
  readonly #words: Int32Array
  readonly #copy: CopiedPayload
  /** The number of the next message; undefined if unknown. */
  #expected: number | undefined
  /** False after a loss: the next record need not be the expected one. */
  #inStep = false

  constructor(control: StreamControl, producer: number, lane: ArrayBuffer, copy: CopiedPayload, start: LaneStart) {
    this.producer = producer
    this.#control = control
    this.#reader = new LaneReader(lane, 0, control.header.capacity, control.baseOf(producer), control.inOrder)
    this.#words = new Int32Array(lane)
    this.#copy = copy
    if (start === 'first') this.#expected = 0
    else if (start === 'oldest') this.#expected = this.#sequenceAtEnd()
    else this.#skip(start)
  }

  /** Where the observer is: behind the last message that it has seen or skipped. Both numbers wrap. */
  get end(): LanePosition {
    const sequence = this.#expected ?? this.#control.recentSequenceOf(this.producer)
    return { position: this.#reader.position, sequence }
  }

  /**
   * Goes to the next message, and copies its payload.
   *
   * @returns false if there is none
   * @throws LayoutError `CORRUPT`. The next call goes on at the announced end of the lane
   */
  next(): boolean {
    const { capacity } = this.#control.header
    for (let entries = 0; entries < MAX_ENTRIES; entries++) {
      const start = this.#reader.position
      // Skips records that this observer has seen before its loss. There are at most as many as fit into the lane.
      while (((this.#reader.position - start) | 0) <= capacity) {
        const found = this.#read()
        if (found === 'nothing') return false
        if (found === 'lost') break
        if (this.#accept()) return true
      }
      this.#enter(this.#control.baseOf(this.producer))
    }
    return false
  }

  #accept(): boolean {
    const { sequence } = this
    const ahead = this.#expected === undefined ? 0 : (sequence - this.#expected) | 0
    if (ahead < 0) return false
    this.missedBefore = ahead
    this.missed += ahead
    this.#expected = (sequence + 1) | 0
    this.#inStep = true
    return true
  }

  /** Copies the next record. `lost`: this observer was overtaken. */
  #read(): 'message' | 'nothing' | 'lost' {
    const reader = this.#reader
    const { position } = reader
    let offset: number
    try {
      offset = reader.next()
      if (offset === -1) {
        const end = this.#control.recentEndOf(this.producer)
        offset = reader.next() // all before the announced end is there
        if (offset === -1 && ((end - position) | 0) > 0) return 'lost'
      }
      if (offset !== -1) {
        this.sequence = reader.sequence
        this.#copy.copyFrom(this.#words, offset, reader.length)
      }
    } catch (error) {
      if (this.#wasOvertaken(position)) return 'lost'
      this.#enter(this.#control.recentEndOf(this.producer))
      throw error
    }
    if (this.#wasOvertaken(position)) return 'lost'
    if (offset === -1) return 'nothing'
    return this.#inStep && this.sequence !== this.#expected ? 'lost' : 'message'
  }

  /** Skips what is there now: everything, or all but the newest message. */
  #skip(start: 'now' | 'newest'): void {
    const reader = this.#reader
    const { baseOf, recentEndOf } = this.#control
    const firstOf = start === 'now' ? recentEndOf : baseOf
    for (let entries = 0; entries < MAX_ENTRIES; entries++) {
      this.#enter(firstOf.call(this.#control, this.producer))
      const newest = this.#walk()
      if (newest === undefined) continue
      const { position, sequence } = newest
      if (start === 'newest' && sequence !== undefined) {
        reader.restart(position)
        this.#expected = sequence
      } else this.#expected = sequence === undefined ? this.#sequenceAtEnd() : (sequence + 1) | 0
      return
    }
  }

  /**
   * Walks to the end of the lane, at most one lap.
   *
   * @returns where the last record begins, and its number if there is a record; undefined if this observer was overtaken
   */
  #walk(): { readonly position: number; readonly sequence: number | undefined } | undefined {
    const reader = this.#reader
    const start = reader.position
    let newest: { position: number; sequence: number | undefined } = { position: start, sequence: undefined }
    while (((reader.position - start) | 0) < this.#control.header.capacity) {
      const { position } = reader
      let offset: number
      try {
        offset = reader.next()
      } catch {
        if (this.#wasOvertaken(position)) return undefined
        return newest // `next` reports it
      }
      const { sequence } = reader
      if (this.#wasOvertaken(position)) return undefined
      if (offset === -1) return newest
      newest = { position, sequence }
    }
    return newest
  }

  /** The number of the next message, if this observer is at the end of the lane. */
  #sequenceAtEnd(): number | undefined {
    const { position } = this.#reader
    if (this.#control.recentEndOf(this.producer) !== position) return undefined
    const sequence = this.#control.recentSequenceOf(this.producer)
    // The number may already belong to a later end. Then there is a record here, and the number is not used.
    return !this.#reader.ready() && !this.#wasOvertaken(position) ? sequence : undefined
  }

  #enter(position: number): void {
    this.#reader.restart(position)
    this.#inStep = false
  }

  /** Tells whether the record at a position may have been overwritten. Call it after the record was copied. */
  #wasOvertaken(position: number): boolean {
    const kept = (position - this.#control.baseAfterCopy(this.producer)) | 0
    return kept < 0 || kept > this.#control.header.capacity
  }
}
