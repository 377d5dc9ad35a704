import { LayoutError, type PayloadView } from '@memlane/protocol'
import { copyWords, LaneReader, MAX_COPY_ATTEMPTS, recordLength, type StreamControl } from '@memlane/protocol/internal'
import { countMessages, type LaneCursor, type StreamStart } from './lane-cursor.js'
import { refusePromise } from './message-handler.js'

/** A cursor that no producer waits for. It copies each message, and then checks that the producer has not overwritten it meanwhile. */
export class OverwrittenCursor<View> implements LaneCursor<View> {
  readonly producer: number
  readonly data: DataView
  readonly offset = 0
  length = 0
  missed = 0
  private readonly control: StreamControl
  private readonly reader: LaneReader
  private readonly view: PayloadView<View>
  private stopped = false
  private readonly lane: ArrayBuffer
  private readonly copy: Int32Array
  private readonly words: Int32Array
  /** Like `reader.position`, but does not wrap. */
  private position: number
  /** The number of the next message if none is missed; undefined if unknown before the first message. */
  private expected: number | undefined

  /**
   * @param copy private memory, as long as the longest message; cursors that take turns may share it
   * @param expected the number of the first message that counts, if known: if a later one comes first, those before it were missed
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
    for (let attempt = 0; attempt < MAX_COPY_ATTEMPTS; attempt++) {
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
      if (this.expected !== undefined) this.missed += (sequence - this.expected) >>> 0
      this.expected = (sequence + 1) | 0
      return true
    }
    return false
  }

  drain(handle: (message: View) => unknown, limit: number): number {
    let count = 0
    while (count < limit && !this.stopped && this.next()) {
      count++
      const result = handle(this.view.at(this.offset, this.length))
      if (result !== undefined) refusePromise(result)
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
    this.skipLap()
  }

  skipToNewest(): void {
    const newest = this.skipLap()
    if (newest === undefined) return
    this.position = newest
    this.reader.restart(newest)
    this.expected = ((this.expected as number) - 1) | 0
  }

  /**
   * Skips at most one lap: all records after that were published after this call began.
   *
   * @returns the position of the last record skipped
   */
  private skipLap(): number | undefined {
    const { capacity } = this.control.header
    const start = this.position
    let newest: number | undefined
    while (this.position - start < capacity && this.next()) newest = this.position - recordLength(this.length)
    this.missed = 0
    return newest
  }

  count(): number {
    for (let attempt = 0; attempt < MAX_COPY_ATTEMPTS; attempt++) {
      const base = this.control.wideBaseOf(this.producer)
      try {
        return countMessages(new DataView(this.lane), Math.max(base, this.position) | 0)
      } catch (error) {
        if (!(error instanceof LayoutError) || this.control.wideBaseOf(this.producer) === base) throw error
      }
    }
    return 0
  }

  /** The number of the next message, if this cursor is at the end of the lane. */
  private sequenceAtEnd(): number | undefined {
    const { control, producer, reader } = this
    if (control.recentEndOf(producer) !== reader.position) return undefined
    const sequence = control.recentSequenceOf(producer)
    // The number may already belong to a later end. Then there is a record here, and the number is not used.
    return !reader.ready() && control.hasStayed(producer, this.position) ? sequence : undefined
  }

  private goToBase(): void {
    this.position = this.control.wideBaseOf(this.producer)
    this.reader.restart(this.position)
  }

  private copyOut(offset: number, length: number): void {
    if (length > this.copy.byteLength) {
      throw new LayoutError('CORRUPT', offset, `${length} bytes at offset ${offset} are more than a message can have`)
    }
    copyWords(this.words, offset, length, this.copy)
  }
}

/** Where an `OverwrittenCursor` begins: at the oldest message that is sure to stay, or at the latest known end. */
export function wideStart(control: StreamControl, producer: number, from: StreamStart): number {
  const base = control.wideBaseOf(producer)
  if (from !== 'now') return base
  const ahead = (control.recentEndOf(producer) - base) | 0
  return ahead > 0 && ahead <= control.header.capacity ? base + ahead : base
}
