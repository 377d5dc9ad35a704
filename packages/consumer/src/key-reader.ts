import {
  iterate,
  type LatestChannel,
  type MessageHandler,
  type Participant,
  refusePromise,
  roundIfDue,
  type StreamWaitOptions,
} from '@memlane/channel'
import { SharedMemoryError } from '@memlane/core'
import {
  checkOptions,
  checkSignal,
  checkWholeNumber,
  type OptionChecks,
  steadyNow,
  waitChecks,
} from '@memlane/core/internal'
import type { CodecOf, MessageOf, PayloadView, ReadonlyMessageView, Schema } from '@memlane/protocol'
import {
  CellReader,
  debugsViews,
  KEPT,
  type KeyPlace,
  NEVER_SET,
  outOfLine,
  wideVersion,
} from '@memlane/protocol/internal'
import type { ChangeWaits } from './change-waits.js'
import type { ReaderSlot } from './reader-slot.js'
import { RETRY_LIMIT_MS, Retries } from './retries.js'
import type { IterationOptions } from './stream-reader.js'

/** What a key's reader is doing. */
enum Activity {
  FREE = 0,
  /** A handler of `read` runs. */
  READING = 1,
  CLOSED = 2,
}

/** How to wait for a value. */
export interface ChangeWaitOptions extends StreamWaitOptions {
  /** Waits for another version than this one. Default: the version that this reader has read last, 0 if none. */
  since?: number
}

/** A value, and how it came. */
export interface Change<T> {
  readonly value: T
  /** How many values were set up to this one. */
  readonly version: number
  /** How many values were set after the last one of this iteration and before this one. */
  readonly skipped: number
}

/** The newest value of a key at one moment. */
export interface Entry<T> {
  /** A plain copy. Undefined if no value was ever set. */
  readonly value: T | undefined
  /** How many values were set. */
  readonly version: number
  /** Milliseconds since this value was set. Undefined if none was ever set. */
  readonly age: number | undefined
}

const { signal, timeoutMs } = waitChecks
const since = checkWholeNumber(0)
const changeWaitChecks: OptionChecks<ChangeWaitOptions> = { since, signal, timeoutMs }
const syncChangeWaitChecks: OptionChecks<Omit<ChangeWaitOptions, 'signal'>> = { since, timeoutMs }
const iterationChecks: OptionChecks<IterationOptions> = { signal: checkSignal }

/**
 * Reads the newest value of one key. The writer never waits for readers: a read that the writer has overtaken, because it set three
 * more values meanwhile, is done again.
 *
 * Its fields are TypeScript-private for speed: see LaneWriter.
 */
export class KeyReader<S extends Schema> {
  private readonly participant: Participant<LatestChannel>
  private readonly waits: ChangeWaits
  private readonly codec: CodecOf<S>
  private readonly cell: CellReader
  private readonly view: PayloadView<ReadonlyMessageView<S>>
  /** A private copy of a value, for reads that were overtaken. Made by the first of them. */
  private copy: Int32Array | undefined
  private copyData: DataView | undefined
  private copyView: PayloadView<ReadonlyMessageView<S>> | undefined
  /** The version that was read last: its lower half, wrapping, and its upper half. */
  private seenLow = 0
  private seenHigh = 0
  /** When the value was set that `get` has returned last, on the machine's monotonic clock. */
  private seenTime = 0
  private activity: Activity = Activity.FREE
  private readonly endsViews = debugsViews()
  private readonly readSlowOutOfLine = outOfLine(this.readSlow)
  private readonly refuseOutOfLine = outOfLine(this.refuse)

  /** @param cells the cells of all keys */
  constructor(slot: ReaderSlot, codec: CodecOf<S>, cells: ArrayBuffer, place: KeyPlace) {
    const { participant, waits } = slot
    this.participant = participant
    this.waits = waits
    this.codec = codec
    this.cell = new CellReader(cells, place, participant.channel.control.inOrder)
    this.view = codec.readonlyView(this.cell.data)
    slot.addKey({ checkNotReading: () => this.checkNotReading(), end: () => this.end() })
  }

  /**
   * The version of the newest value: how many values were set. 0 if none was ever set.
   *
   * @throws SharedMemoryError `CLOSED`, `CONTENDED`
   */
  get version(): number {
    return this.look(() => this.cell.version)
  }

  /**
   * Milliseconds since the newest value was set. Undefined if none was ever set. The writer reads its clock once in up to 64 fast
   * values. So a value looks older than it is if its writer blocked the thread after such values.
   *
   * @throws SharedMemoryError `CLOSED`, `CONTENDED`
   */
  get age(): number | undefined {
    const time = this.look((offset) => (offset === NEVER_SET ? undefined : this.cell.time))
    return time === undefined ? undefined : ageOf(time)
  }

  /**
   * Returns the newest value. Never blocks.
   *
   * @returns a plain copy; undefined if no value was ever set
   * @throws SharedMemoryError `CLOSED`; `CORRUPT` or `TOO_SHORT` for bytes that are no such value; `CONTENDED` if the value was
   * replaced during each attempt to copy it, for 100 ms
   */
  get(): MessageOf<S> | undefined {
    const { cell } = this
    if (this.activity === Activity.CLOSED) throw this.participant.closedError()
    const offset = cell.begin()
    if (offset >= 0) {
      const { time } = cell
      try {
        const value = this.codec.decode(cell.data, offset, cell.length)
        if (cell.isWhole(cell.low)) {
          this.see(cell.low, cell.high, time)
          return value
        }
      } catch (error) {
        if (cell.isWhole(cell.low)) throw this.participant.channel.explain(error)
      }
    }
    const length = this.copyNewest()
    if (length === NEVER_SET) return undefined
    return this.participant.explained(() => this.codec.decode(this.copyData as DataView, 0, length))
  }

  /**
   * Passes the newest value to `handle` in place: nothing is copied, and nothing is allocated for layouts of numbers. If the writer
   * overtakes that, because it sets three more values meanwhile, copies the newest value and calls `handle` once more. So `handle` runs
   * at most twice, may see a mix of values the first time, and must not do anything that it could not repeat. Never blocks.
   *
   * @param handle gets a read-only view, which is valid only until `handle` returns. So it must not be async
   * @returns what `handle` returned for a whole value; undefined if no value was ever set
   * @throws as `get`; any error that `handle` throws for a whole value; TypeError if `handle` returns a promise, and inside
   * another `read` of this key
   */
  read<Result>(handle: MessageHandler<[value: ReadonlyMessageView<S>], Result>): Result | undefined {
    const { cell } = this
    if (this.activity !== Activity.FREE) this.refuseOutOfLine[0].call(this)
    const offset = cell.begin()
    const { low, high } = cell
    if (offset >= 0) {
      let result: Result | undefined
      let isWhole = false
      this.activity = Activity.READING
      try {
        result = handle(this.view.at(offset, cell.length))
        if (result !== undefined) refusePromise(result)
        isWhole = cell.isWhole(low)
      } catch (error) {
        if (cell.isWhole(low)) throw this.participant.channel.explain(error)
      } finally {
        this.activity = Activity.FREE
        if (this.endsViews) this.view.end?.(KEPT)
      }
      if (isWhole) {
        this.seenLow = low
        this.seenHigh = high
        return result
      }
    }
    return this.readSlowOutOfLine[0].call(this, handle as (value: unknown) => unknown) as Result | undefined
  }

  /**
   * Waits until the newest value has another version than `since`. Does not block the thread. Several waits of one reader are possible.
   *
   * @returns false if the writer has ended (`endOn` says how), or if `timeoutMs` have passed
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED`
   */
  async wait(options: ChangeWaitOptions = {}): Promise<boolean> {
    checkOptions('wait', options, changeWaitChecks)
    options.signal?.throwIfAborted()
    const isThere = this.otherThan(options.since)
    if (!isThere()) return this.waits.wait(isThere, options)
    await roundIfDue()
    return true
  }

  /**
   * Same as `wait`, but blocks this thread: for worker threads and scripts.
   *
   * @returns false if the writer has ended, or if the time has passed
   * @throws SharedMemoryError `CLOSED`; TypeError while a `wait` of this reader is pending
   */
  waitSync(options: Omit<ChangeWaitOptions, 'signal'> = {}): boolean {
    checkOptions('waitSync', options, syncChangeWaitChecks)
    const isThere = this.otherThan(options.since)
    return isThere() || this.waits.waitSync(isThere, options.timeoutMs)
  }

  /**
   * Iterates over the values: first the one that is set, if there is one, then the newest one after each change. A slow iteration
   * skips values, and `skipped` counts them. Ends when the writer does (`endOn` says how), or when the reader is closed. Rejects with
   * the signal's reason if it aborts.
   *
   * @throws SharedMemoryError `CLOSED` if the reader is already closed
   */
  changes(options: IterationOptions = {}): AsyncIterableIterator<Change<MessageOf<S>>> {
    checkOptions('changes', options, iterationChecks)
    this.participant.checkOpen()
    let last = 0
    const isThere = () => this.isOther(last)
    const next = async () => {
      options.signal?.throwIfAborted()
      if (!isThere() && !(await this.waits.wait(isThere, options))) return undefined
      await roundIfDue()
      const value = this.get() as MessageOf<S>
      const version = wideVersion(this.seenLow, this.seenHigh)
      if (version === 0) throw this.participant.channel.error('CORRUPT', 'a process has set its version back to 0.')
      const skipped = last === 0 ? 0 : Math.max(0, version - last - 1)
      last = version
      return { value, version, skipped }
    }
    const isEnd = (error: unknown) => {
      return this.participant.closed && error instanceof SharedMemoryError && error.code === 'CLOSED'
    }
    return iterate(next, isEnd)
  }

  /**
   * Returns the newest value with its version and its age.
   *
   * @throws as `get`
   */
  entry(): Entry<MessageOf<S>> {
    const value = this.get()
    const version = wideVersion(this.seenLow, this.seenHigh)
    return { value, version, age: version === 0 ? undefined : ageOf(this.seenTime) }
  }

  /** @throws TypeError inside `read` */
  private checkNotReading(): void {
    if (this.activity !== Activity.READING) return
    throw new TypeError(`latest "${this.participant.channel.name}": close() is not possible inside read()`)
  }

  /** Refuses everything from now on. */
  private end(): void {
    this.activity = Activity.CLOSED
    for (const view of [this.view, this.copyView]) view?.end?.(() => this.participant.closedError())
  }

  private see(low: number, high: number, time: number): void {
    this.seenLow = low
    this.seenHigh = high
    this.seenTime = time
  }

  /** There is no value in place, or it was overtaken. */
  private readSlow(handle: (value: ReadonlyMessageView<S>) => unknown): unknown {
    const length = this.copyNewest()
    if (length === NEVER_SET) return undefined
    this.copyView ??= this.codec.readonlyView(this.copyData as DataView)
    const { copyView } = this
    this.activity = Activity.READING
    try {
      const result = handle(this.participant.explained(() => copyView.at(0, length)))
      if (result !== undefined) refusePromise(result)
      return result
    } finally {
      this.activity = Activity.FREE
      if (this.endsViews) copyView.end?.(KEPT)
    }
  }

  /**
   * Copies the newest value to private memory.
   *
   * @returns its length; NEVER_SET if there is none
   */
  private copyNewest(): number {
    const { cell } = this
    for (const retries = new Retries(); retries.next(); ) {
      const offset = cell.begin()
      const { low, high, length } = cell
      if (offset === NEVER_SET) {
        this.see(0, 0, 0)
        return NEVER_SET
      }
      if (offset >= 0) {
        const { time } = cell
        cell.copyTo(offset, this.copyTarget())
        if (!cell.isWhole(low)) continue
        this.see(low, high, time)
        return length
      }
      if (cell.isWhole(low)) throw this.participant.channel.explain(cell.wrongLength())
    }
    throw this.contended()
  }

  private copyTarget(): Int32Array {
    if (this.copy === undefined) {
      this.copy = new Int32Array(Math.ceil(this.cell.capacity / 4))
      this.copyData = new DataView(this.copy.buffer)
    }
    return this.copy
  }

  /** Looks at the newest value until it has stayed whole meanwhile. */
  private look<T>(look: (offset: number) => T): T {
    const { cell } = this
    this.participant.checkOpen()
    for (const retries = new Retries(); retries.next(); ) {
      const offset = cell.begin()
      const { low } = cell
      const seen = look(offset)
      if (cell.isWhole(low)) return seen
    }
    throw this.contended()
  }

  private otherThan(version: number = wideVersion(this.seenLow, this.seenHigh)): () => boolean {
    this.participant.checkOpen()
    return () => this.isOther(version)
  }

  /** False once the reader is closed. */
  private isOther(version: number): boolean {
    if (this.participant.closed) return false
    return this.cell.hasOther(version | 0) || this.version !== version
  }

  private contended(): SharedMemoryError {
    return this.participant.channel.error(
      'CONTENDED',
      `the value was replaced again and again while it was read, for ${RETRY_LIMIT_MS} ms. Read it again. If this happens often, ` +
        'make sure that one process writes.',
    )
  }

  private refuse(): never {
    if (this.activity === Activity.CLOSED) throw this.participant.closedError()
    throw new TypeError('read is not possible inside read of the same key: use get there')
  }
}

/** A clock of another process may be microseconds ahead. */
function ageOf(time: number): number {
  return Math.max(0, steadyNow() - time)
}
