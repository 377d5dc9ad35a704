import { type Cells, isPromise, type MessageHandler } from '@memlane/channel'
import { describeValue } from '@memlane/core/internal'
import type { CodecOf, MessageOf, MessageView, PayloadView, Schema } from '@memlane/protocol'
import { CellWriter, debugsViews, KEPT, type KeyPlace, outOfLine } from '@memlane/protocol/internal'
import type { WriterSlot } from './writer-slot.js'

/** What a key's writer is doing. */
enum Activity {
  FREE = 0,
  /** A value is being written. */
  WRITING = 1,
  CLOSED = 2,
}

/**
 * Writes the values of one key. Never waits for readers. The value that was set before stays readable until the next one is whole,
 * also if this process dies in between.
 *
 * Its fields are TypeScript-private for speed: see LaneWriter.
 */
export class KeyWriter<S extends Schema> {
  /** Bytes of the longest value. */
  readonly maxMessageLength: number
  private readonly slot: WriterSlot
  private readonly codec: CodecOf<S>
  private readonly cell: CellWriter
  private readonly now: () => number
  private readonly fixedLength: number | undefined
  /** Checks and writes a value of fixed length. */
  private readonly checkAndPut: ((data: DataView, offset: number, value: MessageOf<S>) => void) | undefined
  /** Shows a value in place. Made by its first use. */
  private view: PayloadView<MessageView<S>> | undefined
  private activity: Activity = Activity.FREE
  private readonly endsViews = debugsViews()
  private readonly refuseOutOfLine = outOfLine(this.refuse)

  constructor(slot: WriterSlot, codec: CodecOf<S>, { buffer }: Cells, place: KeyPlace) {
    const { sleepingReaders, inOrder } = slot.channel.control
    this.slot = slot
    this.codec = codec
    this.now = slot.now
    this.cell = new CellWriter(buffer, place, { sleeping: sleepingReaders, inOrder })
    this.maxMessageLength = place.capacity
    this.fixedLength = codec.fixedLength
    this.checkAndPut = codec.checkAndPut
    slot.addKey({ checkNotWriting: () => this.checkNotWriting(), end: () => this.end() })
  }

  /** How many values were set, those of earlier writers included. 0 if none was ever set. */
  get version(): number {
    return this.cell.version
  }

  /**
   * Returns the newest value, also if an earlier writer has set it.
   *
   * @returns a plain copy; undefined if no value was ever set
   * @throws SharedMemoryError `CLOSED`; `CORRUPT` or `TOO_SHORT` for bytes that are no such value
   */
  get(): MessageOf<S> | undefined {
    if (this.activity === Activity.CLOSED) throw this.slot.closedError()
    const { cell } = this
    if (cell.version === 0) return undefined
    try {
      return this.codec.decode(cell.data, cell.newestOffset, cell.newestLength)
    } catch (error) {
      throw this.slot.channel.explain(error)
    }
  }

  /**
   * Sets the value. Readers see all of it or nothing. Never blocks.
   *
   * @throws SharedMemoryError `CLOSED`; TypeError or RangeError for a value that does not fit the schema or is longer than
   * `maxMessageLength`; TypeError while a value of this key is written, as in a getter of the value. Then the old value stays
   */
  set(value: MessageOf<S>): void {
    const { cell, checkAndPut } = this
    if (this.activity !== Activity.FREE) this.refuseOutOfLine[0].call(this)
    let length = this.fixedLength
    this.activity = Activity.WRITING
    try {
      if (checkAndPut !== undefined) checkAndPut(cell.data, cell.nextOffset, value)
      else length = this.put(value)
    } finally {
      this.activity = Activity.FREE
    }
    this.publish(length as number)
  }

  /**
   * Changes parts of the value. `change` gets a view that shows the newest value, or zeros if none was ever set. Readers see all
   * changes together. For schemas of fixed length.
   *
   * @param change runs at once. Its view is valid until `change` returns, so `change` must not be async
   * @throws SharedMemoryError `CLOSED`; TypeError for a schema whose values vary in length, while a value of this key is written, or if
   * `change` returns a promise; any error that `change` throws. Then the old value stays
   */
  update<Result>(change: MessageHandler<[value: MessageView<S>], Result>): void {
    const { fixedLength } = this
    checkIsFunction('change', change)
    if (fixedLength === undefined)
      throw new TypeError('values of this schema vary in length: pass a whole value to set')
    this.writeInPlace(fixedLength, change as (value: MessageView<S>) => unknown, true)
  }

  /**
   * Sets the value in place: `write` gets the view of the next value. Readers see all of it or nothing. Allocates nothing for layouts.
   * For layouts, and for bytes of any length.
   *
   * @param write runs at once. Set every field: the view still holds old bytes. The view is valid until `write` returns, so `write`
   * must not be async
   * @param length bytes; may be left out for a schema of fixed length
   * @throws SharedMemoryError `CLOSED`; RangeError for a length that no value can have; TypeError for a schema that has no view to
   * write through, while a value of this key is written, or if `write` returns a promise; any error that `write` throws. Then the old
   * value stays
   */
  fill<Result>(
    write: MessageHandler<[value: MessageView<S>], Result>,
    length: number | undefined = this.fixedLength,
  ): void {
    checkIsFunction('write', write)
    if (!isWritableInPlace(this.codec))
      throw new TypeError('values of this schema cannot be written in place: pass a value to set')
    if (length === undefined) throw new TypeError('values of this schema vary in length: pass the length in bytes')
    if (typeof length !== 'number')
      throw new TypeError(`length must be a number of bytes, not ${describeValue(length)}`)
    const most = this.fixedLength ?? this.maxMessageLength
    if (!Number.isInteger(length) || length < (this.fixedLength ?? 0) || length > most) {
      const right = this.fixedLength === undefined ? `0 to ${most}` : most
      throw new RangeError(`length ${length}: values of this key have ${right} bytes`)
    }
    this.writeInPlace(length, write as (value: MessageView<S>) => unknown, false)
  }

  /** @throws TypeError while a value is being written */
  private checkNotWriting(): void {
    if (this.activity !== Activity.WRITING) return
    throw new TypeError(`latest "${this.slot.channel.name}": close() is not possible while a value is written`)
  }

  /** Refuses everything from now on. */
  private end(): void {
    this.activity = Activity.CLOSED
    this.view?.end?.(() => this.slot.closedError())
  }

  private writeInPlace(length: number, write: (value: MessageView<S>) => unknown, carriesOver: boolean): void {
    const { cell } = this
    if (this.activity !== Activity.FREE) this.refuse()
    this.view ??= this.codec.view(cell.data)
    this.activity = Activity.WRITING
    try {
      if (carriesOver) cell.carryOver(length)
      const result = write(this.view.at(cell.nextOffset, length))
      if (isPromise(result)) {
        throw new TypeError(
          'the function returned a promise. It must write the value at once: readers see it when it returns',
        )
      }
    } finally {
      this.activity = Activity.FREE
      if (this.endsViews) this.view.end?.(KEPT)
    }
    this.publish(length)
  }

  private publish(length: number): void {
    if (this.cell.publish(length, this.now()) !== 0) this.slot.ring()
  }

  /** Writes a value of a codec that has no `checkAndPut`. */
  private put(value: MessageOf<S>): number {
    const { cell, codec } = this
    const length = codec.measure(value)
    if (length > this.maxMessageLength) {
      throw new RangeError(
        `length ${length} exceeds maxMessageLength ${this.maxMessageLength} of latest "${this.slot.channel.name}"`,
      )
    }
    return codec.encode(cell.data, cell.nextOffset, value)
  }

  private refuse(): never {
    if (this.activity === Activity.CLOSED) throw this.slot.closedError()
    throw new TypeError('a value of this key is being written: set, update and fill are not possible inside each other')
  }
}

/** JSON, text and MessagePack have no view to write through; of a union, a view shows the member that is there already. */
function isWritableInPlace({ descriptor }: CodecOf<Schema>): boolean {
  return descriptor.kind !== 'union' && (descriptor.kind !== 'payload' || descriptor.encoding === 'bytes')
}

function checkIsFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`${name} must be a function, not ${describeValue(value)}`)
}
