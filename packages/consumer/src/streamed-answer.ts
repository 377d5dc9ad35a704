import { describeValue } from '@memlane/core/internal'
import { PART_HEADER_LENGTH, partLength, putPartHeader } from '@memlane/protocol/internal'
import type { RunningCall } from './running-call.js'

/** Parts that wait for the client are kept in at most so many bytes. */
const MAX_KEPT_LENGTH = 65_536

/** Where the parts go: the answer area of the call's slot. */
export interface PartsArea {
  readonly data: DataView
  readonly offset: number
  readonly maxLength: number
  /** Hands over the parts in the area. Their number of bytes is `length`. */
  handOver(length: number): void
}

/**
 * Sends the parts of a streamed answer. A part goes into the answer area at once if the client waits for it. Otherwise it is kept, and goes
 * together with others when the client has taken the last ones. If no more can be kept, it waits: this pauses the handler.
 */
export class StreamedAnswer {
  readonly #call: RunningCall
  readonly #area: PartsArea
  #kept: DataView | undefined
  #keptLength = 0
  #isWithClient = false
  #onRoom: (() => void) | undefined

  constructor(call: RunningCall, area: PartsArea) {
    this.#call = call
    this.#area = area
    call.onHandBack = () => this.#goOn()
  }

  /**
   * Sends what a handler has returned. Waits until the client has taken it, or has given up the call.
   *
   * @throws what the iterator or the codec throws; TypeError for a value that is not iterable; RangeError for a part that no answer has room for
   */
  async sendAll(parts: unknown): Promise<void> {
    const call = this.#call
    const iterator = iteratorOf(parts)
    if (iterator === undefined) {
      throw new TypeError(
        `the handler of ${call.procedure.name} must return an iterable of parts, not ${describeValue(parts)}`,
      )
    }
    let isOpen = true
    try {
      while (!call.isOver) {
        isOpen = false // an iterator that throws has ended
        const { value, done } = await iterator.next()
        if (done) break
        isOpen = true
        if (!call.isOver) await this.#send(value)
      }
    } finally {
      try {
        if (isOpen) await iterator.return?.()
      } finally {
        await this.#end() // the parts before an error, too
      }
    }
  }

  async #send(part: unknown): Promise<void> {
    const { answer, name } = this.#call.procedure
    const { maxLength } = this.#area
    const keptMost = Math.min(maxLength, MAX_KEPT_LENGTH)
    while (!this.#call.isOver) {
      // Each time anew: the handler may have changed the part while it waited.
      const measured = answer.measure(part)
      const room = partLength(measured)
      if (room > maxLength) {
        throw new RangeError(
          `a part of ${name} needs ${room} bytes, and maxAnswerLength is ${maxLength}. Serve with a larger maxAnswerLength.`,
        )
      }
      if (!this.#isWithClient) {
        this.#handOver(this.#write(this.#area.data, this.#area.offset, part, measured))
        return
      }
      if (this.#keptLength + room <= keptMost) {
        this.#kept ??= new DataView(new ArrayBuffer(keptMost))
        this.#keptLength += this.#write(this.#kept, this.#keptLength, part, measured)
        return
      }
      await this.#untilRoom()
    }
  }

  /** Waits until the client has taken all parts. */
  async #end(): Promise<void> {
    while (this.#isWithClient && !this.#call.isOver) await this.#untilRoom()
  }

  /** Writes the part that was measured last. */
  #write(data: DataView, offset: number, part: unknown, measured: number): number {
    const { answer } = this.#call.procedure
    const length = answer.encode(data, offset + PART_HEADER_LENGTH, part)
    if (length > measured) throw new RangeError('the codec wrote more bytes than it had measured')
    putPartHeader(data, offset, length)
    return partLength(length)
  }

  #handOver(length: number): void {
    this.#isWithClient = true
    this.#area.handOver(length)
  }

  /** The client has taken the parts, or the call has ended. */
  #goOn(): void {
    this.#isWithClient = false
    if (this.#keptLength > 0 && this.#kept !== undefined && !this.#call.isOver) {
      const { data, offset } = this.#area
      new Uint8Array(data.buffer, data.byteOffset + offset, this.#keptLength).set(
        new Uint8Array(this.#kept.buffer, 0, this.#keptLength),
      )
      const length = this.#keptLength
      this.#keptLength = 0
      this.#handOver(length)
    }
    const onRoom = this.#onRoom
    this.#onRoom = undefined
    onRoom?.()
  }

  #untilRoom(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = resolve
    })
  }
}

function iteratorOf(parts: unknown): AsyncIterator<unknown> | Iterator<unknown> | undefined {
  if (typeof parts !== 'object' || parts === null) return undefined
  if (Symbol.asyncIterator in parts) return (parts as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  if (Symbol.iterator in parts) return (parts as Iterable<unknown>)[Symbol.iterator]()
  return undefined
}
