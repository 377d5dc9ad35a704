import type { PayloadView } from '@memlane/protocol'
import { type ConsumerSlot, maxMessageLength, outOfLine } from '@memlane/protocol/internal'
import type { Bells } from './bells.js'
import { HeldCursor } from './held-cursor.js'
import type { LaneCursor, StreamStart } from './lane-cursor.js'
import { OverwrittenCursor, wideStart } from './overwritten-cursor.js'
import type { Participant } from './participant.js'
import type { StreamChannel } from './stream.js'
import { openLane } from './stream.js'

/**
 * Why a stream has ended: `died` if any producer died without closing, else `closed`. In both cases, the consumer has read all
 * messages that were sent.
 */
export type StreamEnd = 'closed' | 'died'

/** Messages from one lane before the next lane's turn. */
const BURST = 64

/** How a consumer takes part. */
export interface LaneSetOptions<View> {
  readonly view: (data: DataView) => PayloadView<View>
  /** The consumer's slot; undefined for a read-only consumer. */
  readonly slot: ConsumerSlot | undefined
  /** The producers' bells. They ring when room is given back; undefined for a read-only consumer. */
  readonly producers: Bells | undefined
  /** How many more times `poll` checks the only lane if it is empty. */
  readonly looks: number
  /** Called if no lane is left that may have messages. */
  readonly whenDrained: () => void
}

/** All lanes of a stream, merged for one consumer: bursts from each lane in turn. Takes up lanes as producers open them. */
export class LaneSet<View> {
  /** Why no more messages come; undefined if some may. */
  end: StreamEnd | undefined
  readonly #participant: Participant<StreamChannel>
  readonly #options: LaneSetOptions<View>
  readonly #looks: number
  /** Where overwriting streams copy a message to. */
  readonly #copy: ArrayBuffer | undefined
  /** A cursor for each lane that was ever in use. */
  readonly #allCursors: (LaneCursor<View> | undefined)[] = []
  /** The cursors that take turns. */
  #cursors: LaneCursor<View>[] = []
  /** The only one of them, if nothing else needs attention: the short path of `poll`. */
  #only: LaneCursor<View> | undefined
  /** The cursor of the running burst of `next`. */
  #current: LaneCursor<View> | undefined
  /** How many more messages the burst of `next` may have. */
  #burst = 0
  /** The index of the last cursor that had its turn. */
  #turn = 0
  /** Changes when a lane becomes active: see StreamControl. */
  readonly #openings: Int32Array
  #seenOpenings = 0
  #seenActive = 0
  #seenActiveHigh = 0
  /** True if a closed lane may still have messages. */
  #draining = false
  readonly #lookAroundOutOfLine = outOfLine(this.#lookAround)

  /** @throws SharedMemoryError `CORRUPT` if a lane has a record that cannot be right */
  constructor(participant: Participant<StreamChannel>, from: StreamStart, options: LaneSetOptions<View>) {
    this.#participant = participant
    this.#options = options
    this.#looks = options.looks
    const { control, header } = participant.channel
    this.#openings = control.openingsWord
    if (header.overflow === 'overwrite') this.#copy = new ArrayBuffer(maxMessageLength(header.capacity))
    for (let producer = 0; producer < control.producers.count; producer++) {
      if (control.stateOf(producer) === 'unused') continue
      const cursor = this.#openCursor(producer, from)
      if (from === 'now') participant.explained(() => cursor.skipToEnd())
      if (from === 'newest') participant.explained(() => cursor.skipToNewest())
      this.#cursors.push(cursor)
    }
    this.#draining = true
  }

  /** How many messages were overwritten before this consumer could read them. */
  get missed(): number {
    let missed = 0
    for (const cursor of this.#allCursors) missed += cursor?.missed ?? 0
    return missed
  }

  /** Counts the messages that are there and have not been read. */
  count(): number {
    this.takeUpLanes()
    return this.#participant.explained(() => this.#cursors.reduce((sum, cursor) => sum + cursor.count(), 0))
  }

  /** True if a message is there. */
  hasMessage(): boolean {
    for (const cursor of this.#cursors) if (cursor.ready()) return true
    return false
  }

  /**
   * Goes to the next message of any lane.
   *
   * @returns the cursor, at that message; undefined if there is none
   */
  next(): LaneCursor<View> | undefined {
    const cursor = this.#current
    try {
      if (cursor !== undefined && this.#burst > 0) {
        this.#burst--
        if (cursor.next()) return cursor
      }
      return this.#nextLane()
    } catch (error) {
      throw this.#participant.channel.explain(error)
    }
  }

  /** Hands over the messages that are there, at most `limit`. Call it out of line: V8's inlining budget belongs to the caller. */
  poll(handle: (message: View) => unknown, limit: number): number {
    const only = this.#only
    if (only === undefined || this.#openings[0] !== this.#seenOpenings) return this.#pollAll(handle, limit)
    let count: number
    try {
      count = only.drain(handle, limit, this.#looks)
    } catch (error) {
      throw this.#participant.channel.explain(error)
    }
    if (count === 0) this.#lookAroundOutOfLine[0].call(this)
    return count
  }

  /** Takes up lanes that have become active. True if anything has changed. */
  takeUpLanes(): boolean {
    const { control } = this.#participant.channel
    const openings = control.openings
    const active = control.activeMask(0)
    const activeHigh = control.activeMask(1)
    if (openings === this.#seenOpenings && active === this.#seenActive && activeHigh === this.#seenActiveHigh)
      return false
    this.#seenOpenings = openings
    this.#seenActive = active
    this.#seenActiveHigh = activeHigh
    this.#only = undefined
    this.end = undefined // a producer may have come back
    // All lanes that were ever in use: a producer may have come, sent and closed since the last check.
    for (let producer = 0; producer < control.producers.count; producer++) {
      if (control.stateOf(producer) === 'unused') continue
      const cursor = this.#allCursors[producer] ?? this.#openCursor(producer, 'oldest', 0)
      if (!this.#cursors.includes(cursor)) this.#cursors.push(cursor)
    }
    this.#draining = true
    return true
  }

  /** Says that no more messages come, until a producer comes back. */
  endWith(end: StreamEnd): void {
    this.end = end
    this.#only = undefined // the next call takes up lanes first
    this.#current = undefined
  }

  /** Ends a running `poll` after its current message, and makes the next call check whether the consumer is open. */
  close(): void {
    this.#only = undefined
    this.#current = undefined
    for (const cursor of this.#allCursors) cursor?.stop()
  }

  /** Called when the only lane is empty. Other lanes may have opened since, and this one may have closed. */
  #lookAround(): void {
    this.takeUpLanes()
    this.#foundNothing()
  }

  /** What `poll` does unless there is exactly one lane. */
  #pollAll(handle: (message: View) => unknown, limit: number): number {
    const participant = this.#participant
    participant.checkOpen()
    this.#burst = 0 // of `next`
    this.takeUpLanes()
    const count = this.#pollLanes(handle, limit)
    if (participant.closed) return count // the handler closed it
    if (count === 0) this.#foundNothing()
    if (this.end === undefined && this.#cursors.length === 1) this.#only = this.#cursors[0]
    return count
  }

  #pollLanes(handle: (message: View) => unknown, limit: number): number {
    const cursors = this.#cursors
    let count = 0
    let empty = 0
    while (count < limit && empty < cursors.length) {
      this.#turn = this.#turn + 1 < cursors.length ? this.#turn + 1 : 0
      const most = Math.min(BURST, limit - count)
      const handled = this.#drain(cursors[this.#turn] as LaneCursor<View>, handle, most)
      count += handled
      empty = handled < most ? empty + 1 : 0
    }
    return count
  }

  #drain(cursor: LaneCursor<View>, handle: (message: View) => unknown, limit: number): number {
    try {
      return cursor.drain(handle, limit, 0)
    } catch (error) {
      throw this.#participant.channel.explain(error)
    }
  }

  #nextLane(): LaneCursor<View> | undefined {
    this.#participant.checkOpen()
    this.takeUpLanes()
    const cursors = this.#cursors
    for (let visited = 0; visited < cursors.length; visited++) {
      this.#turn = this.#turn + 1 < cursors.length ? this.#turn + 1 : 0
      const cursor = cursors[this.#turn] as LaneCursor<View>
      if (cursor.next()) {
        this.#current = cursor
        this.#burst = BURST
        return cursor
      }
    }
    this.#current = undefined
    this.#foundNothing()
    return undefined
  }

  /** @param first the number of the first message that counts, if it is known */
  #openCursor(producer: number, from: StreamStart, first?: number): LaneCursor<View> {
    const { channel } = this.#participant
    const { control } = channel
    const lane = openLane(channel, producer, 'read').buffer
    const { view, slot, producers } = this.#options
    const cursor: LaneCursor<View> =
      this.#copy !== undefined
        ? new OverwrittenCursor(control, producer, lane, view, wideStart(control, producer, from), this.#copy, first)
        : new HeldCursor(control, producer, lane, view, this.#heldStart(producer, from), slot, producers)
    this.#allCursors[producer] = cursor
    return cursor
  }

  #heldStart(producer: number, from: StreamStart): number {
    const { control } = this.#participant.channel
    return from === 'now'
      ? control.recentEndOf(producer)
      : control.positionOf(this.#options.slot?.consumer ?? 0, producer)
  }

  /** Drops the lanes that are closed and read to their end. The stream ends with the last of them. */
  #foundNothing(): void {
    if (!this.#draining) return
    this.#only = undefined
    this.#cursors = this.#cursors.filter((cursor) => this.#wasActive(cursor) || cursor.ready())
    this.#draining = this.#cursors.some((cursor) => !this.#wasActive(cursor))
    if (this.#cursors.length === 0) this.#options.whenDrained()
  }

  /** As of the last `takeUpLanes`. If the lane has become active again since, the next call finds the change. */
  #wasActive({ producer }: LaneCursor<View>): boolean {
    return ((producer < 32 ? this.#seenActive : this.#seenActiveHigh) & (1 << (producer & 31))) !== 0
  }
}
