import type { PayloadView } from '@memlane/protocol'
import { type ConsumerSlot, LaneReader, outOfLine, type StreamControl } from '@memlane/protocol/internal'
import type { Bells } from './bells.js'
import { countMessages, type LaneCursor } from './lane-cursor.js'
import { refusePromise } from './message-handler.js'

/**
 * A cursor whose producer waits for it when the lane is full. It reads messages in place and gives their room back in portions.
 *
 * Its fields are TypeScript-private for speed: each access to a `#private` field takes more bytecode, and V8 inlines up to a
 * limit of bytecode (docs/decisions/0010).
 */
export class HeldCursor<View> implements LaneCursor<View> {
  readonly producer: number
  readonly data: DataView
  offset = 0
  length = 0
  readonly missed = 0
  private readonly reader: LaneReader
  private readonly view: PayloadView<View>
  private readonly portion: number
  private readonly slot: ConsumerSlot | undefined
  private readonly producers: Bells | undefined
  private released: number
  private stopped = false
  /** The position at which `drainRun` ends. `stop` moves it: a flag would cost one more check per message. */
  private runEnd = 0
  private readonly nextSlowOutOfLine = outOfLine(this.nextSlow)
  private readonly handOverOutOfLine = outOfLine(this.handOver)
  private readonly drainMoreOutOfLine = outOfLine(this.drainMore)
  private readonly drainRunOutOfLine = outOfLine(this.drainRun)

  /**
   * @param slot where to give room back; undefined for a read-only consumer
   * @param producers the bells of producers that may wait for room
   */
  constructor(
    { header, inOrder }: StreamControl,
    producer: number,
    lane: ArrayBuffer,
    view: (data: DataView) => PayloadView<View>,
    position: number,
    slot: ConsumerSlot | undefined,
    producers: Bells | undefined,
  ) {
    this.producer = producer
    this.reader = new LaneReader(lane, 0, header.capacity, position, inOrder)
    this.data = this.reader.data
    this.view = view(this.data)
    this.portion = header.capacity >>> 3
    this.slot = slot
    this.producers = producers
    this.released = position
  }

  next(): boolean {
    this.offset = this.nextSlow()
    if (this.offset === -1) return false
    this.length = this.reader.length
    return true
  }

  drain(handle: (message: View) => unknown, limit: number, looks: number): number {
    const { reader } = this
    if (this.stopped || !(limit > 0)) return 0
    for (let look = 0; ; look++) {
      let offset = this.isPortionRead() ? -1 : reader.nextMessage()
      // The first look also gives room back. Later ones take the slow path only for padding and corrupt records.
      if (offset < 0 && (look === 0 || offset !== -1)) offset = this.nextSlowOutOfLine[0].call(this)
      if (offset >= 0) {
        this.handOverOutOfLine[0].call(this, offset, handle as (message: unknown) => unknown)
        if (limit === 1 || this.isDrained()) return 1
        return 1 + this.drainMoreOutOfLine[0].call(this, handle as (message: unknown) => unknown, limit - 1)
      }
      if (look >= looks) return 0
    }
  }

  /**
   * Out of line: V8's inlining budget is for `handle`, which often writes an answer. In `drain`, V8 would inline the handler only in
   * part, or not at all: most looks of a waiting consumer find nothing. It hands over the first message of each `drain`, and only
   * here is a promise refused: an async function returns one for each message.
   */
  private handOver(offset: number, handle: (message: View) => unknown): void {
    const result = handle(this.view.at(offset, this.reader.length))
    if (result !== undefined) refusePromise(result)
  }

  /** Tells by a single load whether no message follows. If so, gives back the room of those that were read, as `nextSlow` does. */
  private isDrained(): boolean {
    if (this.stopped || !this.reader.isEmpty()) return false
    this.releaseAll()
    return true
  }

  private drainMore(handle: (message: View) => unknown, limit: number): number {
    let count = 0
    while (count < limit && !this.stopped) {
      count += this.drainRunOutOfLine[0].call(this, handle as (message: unknown) => unknown, limit - count)
      if (count >= limit || this.stopped) break
      const offset = this.nextSlow()
      if (offset === -1) break
      handle(this.view.at(offset, this.reader.length))
      count++
    }
    return count
  }

  /** The loop over consecutive messages. Out of line: V8's inlining budget is for `handle` and its accessors. */
  private drainRun(handle: (message: View) => unknown, limit: number): number {
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
    this.skipLap()
    this.releaseAll()
  }

  skipToNewest(): void {
    const newest = this.skipLap()
    if (newest !== undefined) this.reader.restart(newest)
    this.releaseAll()
  }

  /**
   * Skips at most one lap: all records after that were published after this call began.
   *
   * @returns the position of the last record skipped
   */
  private skipLap(): number | undefined {
    const { reader } = this
    const start = reader.position
    let newest: number | undefined
    while (((reader.position - start) | 0) < this.portion * 8) {
      const { position } = reader
      if (reader.next() === -1) break
      newest = position
    }
    return newest
  }

  count(): number {
    return countMessages(this.data, this.reader.position)
  }

  private isPortionRead(): boolean {
    return ((this.reader.position - this.released) | 0) >= this.portion
  }

  /** Slow path: gives room back when a portion is read, skips padding, refuses corrupt records. */
  private nextSlow(): number {
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
    this.slot?.release(this.producer, this.released)
    this.producers?.ringSleepers()
  }
}
