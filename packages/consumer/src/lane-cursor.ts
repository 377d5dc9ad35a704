import { LayoutError, type PayloadView } from '@memlane/protocol'
import { LaneReader, outOfLine, type StreamControl } from '@memlane/protocol/internal'

/** Where one consumer stands in one lane. */
export interface LaneCursor<View> {
  readonly producer: number
  /** What `offset` counts in. */
  readonly data: DataView
  /** Where the payload of the message that `next` found is, in bytes, valid until `next` is called again. */
  readonly offset: number
  readonly length: number
  /** Messages that were overwritten before they could be read. */
  readonly lost: number
  /**
   * Goes to the next message, if there is one. Never blocks, allocates nothing.
   *
   * @throws LayoutError `CORRUPT`
   */
  next(): boolean
  /**
   * Hands over the messages that are there, each where it lies. Never blocks, allocates nothing.
   *
   * @param looks how often to look again where there is none; only a cursor that its producer waits for does
   * @returns how many; fewer than `limit` when no more are there
   */
  drain(handle: (message: View) => void, limit: number, looks: number): number
  /** Ends a `drain` that is under way, after the message that it is at. */
  stop(): void
  /** Whether there is a record. Where there is none, everything before has been received, and its room is given back. */
  ready(): boolean
  /** Skips what is there now. */
  skipToEnd(): void
  /** Counts what is there now. */
  count(): number
}

/** A cursor that its producer waits for: messages are read where they stand, and their room is given back in portions. */
export class HeldCursor<View> implements LaneCursor<View> {
  readonly producer: number
  readonly data: DataView
  offset = 0
  length = 0
  readonly lost = 0
  private readonly reader: LaneReader
  private readonly view: PayloadView<View>
  private readonly portion: number
  private readonly release: (producer: number, position: number) => void
  private released: number
  private stopped = false
  /** Where `drainRun` ends, unless there are fewer messages. `stop` moves it: a flag would take one more check a message. */
  private runEnd = 0
  private readonly nextAnewOutOfLine = outOfLine(this.nextAnew)
  private readonly drainRunOutOfLine = outOfLine(this.drainRun)

  /** @param release gives back what is older than a position */
  constructor(
    { header, inOrder }: StreamControl,
    producer: number,
    lane: ArrayBuffer,
    view: (data: DataView) => PayloadView<View>,
    position: number,
    release: (producer: number, position: number) => void,
  ) {
    this.producer = producer
    this.reader = new LaneReader(lane, 0, header.capacity, position, inOrder)
    this.data = this.reader.data
    this.view = view(this.data)
    this.portion = header.capacity >>> 3
    this.release = release
    this.released = position
  }

  next(): boolean {
    this.offset = this.nextAnew()
    if (this.offset === -1) return false
    this.length = this.reader.length
    return true
  }

  drain(handle: (message: View) => void, limit: number, looks: number): number {
    const { reader } = this
    if (this.stopped || !(limit > 0)) return 0
    for (let look = 0; ; look++) {
      let offset = this.isPortionRead() ? -1 : reader.nextMessage()
      // The first time to give room back, later only over padding, or to throw.
      if (offset < 0 && (look === 0 || offset !== -1)) offset = this.nextAnewOutOfLine[0].call(this)
      if (offset >= 0) return this.handOver(offset, handle, limit)
      if (look >= looks) return 0
    }
  }

  /** Not in `drain`: V8 inlines nothing that is seldom called, and messages are seldom among the looks of one who waits. */
  private handOver(offset: number, handle: (message: View) => void, limit: number): number {
    handle(this.view.at(offset, this.reader.length))
    return limit === 1 ? 1 : 1 + this.drainMore(handle, limit - 1)
  }

  private drainMore(handle: (message: View) => void, limit: number): number {
    let count = 0
    while (count < limit && !this.stopped) {
      count += this.drainRunOutOfLine[0].call(this, handle as (message: unknown) => void, limit - count)
      if (count >= limit || this.stopped) break
      const offset = this.nextAnew()
      if (offset === -1) break
      handle(this.view.at(offset, this.reader.length))
      count++
    }
    return count
  }

  /** Goes on while one message follows the other. Out of line: all that may be inlined goes to `handle` and its accessors. */
  private drainRun(handle: (message: View) => void, limit: number): number {
    const { reader, view } = this
    this.runEnd = (this.released + this.portion) | 0
    let count = 0
    while (count < limit && ((this.runEnd - reader.position) | 0) > 0) {
      const offset = reader.nextMessage()
      if (offset < 0) break
      count++
      handle(view.at(offset, reader.length))
    }
    return count
  }

  stop(): void {
    this.stopped = true
    this.runEnd = this.reader.position
  }

  ready(): boolean {
    if (this.reader.ready()) return true
    this.giveBack()
    return false
  }

  skipToEnd(): void {
    const { reader } = this
    const start = reader.position
    // No further than the lane is long: what comes then was sent after this began.
    while (((reader.position - start) | 0) < this.portion * 8 && reader.next() !== -1);
    this.releaseAll()
  }

  count(): number {
    return countFrom(this.data, this.reader.position)
  }

  private isPortionRead(): boolean {
    return ((this.reader.position - this.released) | 0) >= this.portion
  }

  /** Goes to the next message, over padding, too, and gives room back where that is due. */
  private nextAnew(): number {
    if (this.isPortionRead()) this.giveBack()
    const offset = this.reader.next()
    if (offset === -1) this.giveBack()
    return offset
  }

  private giveBack(): void {
    if (this.reader.position !== this.released) this.releaseAll()
  }

  private releaseAll(): void {
    this.released = this.reader.position
    this.release(this.producer, this.released)
  }
}

/** Attempts against a producer that overwrites faster than one reads, before one says that there is nothing. */
const MAX_ATTEMPTS = 1000
/** Up to so many bytes, a loop copies faster than Uint8Array.set. */
const SMALL = 256

/** A cursor that nobody waits for: messages are copied out, and then it is checked that they had stayed whole. */
export class OverwrittenCursor<View> implements LaneCursor<View> {
  readonly producer: number
  readonly data: DataView
  readonly offset = 0
  length = 0
  lost = 0
  private readonly control: StreamControl
  private readonly reader: LaneReader
  private readonly view: PayloadView<View>
  private stopped = false
  private readonly lane: ArrayBuffer
  private readonly copy: Int32Array
  private readonly words: Int32Array
  /** As `reader.position`, but not wrapping. */
  private position: number
  /** The number that the next message has if none is lost; undefined where that is not known before the first. */
  private expected: number | undefined

  /**
   * @param copy private memory, as long as the longest message; may be shared by cursors that take turns
   * @param expected the number of the first message that counts, if it is known
   */
  constructor(
    control: StreamControl,
    producer: number,
    lane: ArrayBuffer,
    view: (data: DataView) => PayloadView<View>,
    position: number,
    copy: ArrayBuffer,
    expected?: number,
  ) {
    this.control = control
    this.producer = producer
    this.lane = lane
    this.words = new Int32Array(lane)
    this.copy = new Int32Array(copy)
    this.data = new DataView(copy)
    this.view = view(this.data)
    this.position = position
    this.reader = new LaneReader(lane, 0, control.header.capacity, position | 0, control.inOrder)
    this.expected = expected ?? this.sequenceAtEnd()
  }

  next(): boolean {
    const { control, reader, producer } = this
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const before = reader.position
      let offset: number
      try {
        offset = reader.next()
        if (offset !== -1) this.copyOut(offset, reader.length)
      } catch (error) {
        if (control.hasStayed(producer, this.position)) {
          reader.restart(before)
          throw error
        }
        this.goToBase()
        continue
      }
      const { sequence } = reader
      if (!control.hasStayed(producer, this.position)) {
        this.goToBase()
        continue
      }
      this.position += (reader.position - before) | 0
      if (offset === -1) return false
      this.length = reader.length
      if (this.expected !== undefined) this.lost += (sequence - this.expected) >>> 0
      this.expected = (sequence + 1) | 0
      return true
    }
    return false
  }

  drain(handle: (message: View) => void, limit: number): number {
    let count = 0
    while (count < limit && !this.stopped && this.next()) {
      count++
      handle(this.view.at(this.offset, this.length))
    }
    return count
  }

  stop(): void {
    this.stopped = true
  }

  ready(): boolean {
    return this.reader.ready() || !this.control.hasStayed(this.producer, this.position)
  }

  skipToEnd(): void {
    const { capacity } = this.control.header
    const start = this.position
    while (this.position - start < capacity && this.next());
    this.lost = 0
  }

  count(): number {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const base = this.control.wideBaseOf(this.producer)
      try {
        return countFrom(new DataView(this.lane), Math.max(base, this.position) | 0)
      } catch (error) {
        if (!(error instanceof LayoutError) || this.control.wideBaseOf(this.producer) === base) throw error
      }
    }
    return 0
  }

  /** The number of the next message when this stands at the end of the lane. */
  private sequenceAtEnd(): number | undefined {
    const { control, producer, reader } = this
    if (control.recentEndOf(producer) !== reader.position) return undefined
    const sequence = control.recentSequenceOf(producer)
    // Were it the number of a later end, then there would be a record here by now.
    return !reader.ready() && control.hasStayed(producer, this.position) ? sequence : undefined
  }

  private goToBase(): void {
    this.position = this.control.wideBaseOf(this.producer)
    this.reader.restart(this.position)
  }

  private copyOut(offset: number, length: number): void {
    if (length > SMALL) {
      if (length > this.copy.byteLength) {
        throw new LayoutError('CORRUPT', offset, `${length} bytes at offset ${offset} are more than a message can have`)
      }
      new Uint8Array(this.copy.buffer).set(new Uint8Array(this.lane, offset, length))
      return
    }
    const { copy, words } = this
    const first = offset >> 2
    for (let word = 0; word << 2 < length; word++) copy[word] = words[first + word] as number
  }
}

/** Where a cursor that holds nothing begins: at the oldest message that stays, or at the latest end that is known. */
export function wideStart(control: StreamControl, producer: number, from: 'now' | 'oldest'): number {
  const base = control.wideBaseOf(producer)
  if (from === 'oldest') return base
  const ahead = (control.recentEndOf(producer) - base) | 0
  return ahead > 0 && ahead <= control.header.capacity ? base + ahead : base
}

function countFrom(lane: DataView, position: number): number {
  const reader = new LaneReader(lane.buffer as ArrayBuffer, lane.byteOffset, lane.byteLength, position)
  let count = 0
  while (((reader.position - position) | 0) < lane.byteLength && reader.next() !== -1) count++
  return count
}
