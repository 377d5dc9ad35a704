import type { ClientProcedure, StreamWaitOptions } from '@memlane/channel'
import { deadlineAfter } from '@memlane/channel'
import { type CallControl, forEachPart } from '@memlane/protocol/internal'
import { PendingCall } from './pending-call.js'
import type { PendingCalls } from './pending-calls.js'
import { shareSignal } from './shared-signal.js'

interface Next {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void
  readonly reject: (error: unknown) => void
}

/**
 * A call with a streamed answer, as the iterator that its program uses. The request is sent when the first part is asked for. The server sends
 * more parts only when the program has taken those that are here: so a slow program pauses its own handler.
 */
export class StreamedCall extends PendingCall implements AsyncIterableIterator<unknown> {
  readonly #control: CallControl
  readonly #calls: PendingCalls
  readonly #signal: AbortSignal | undefined
  readonly #parts: unknown[] = []
  /** The calls of `next` that wait, in their order. */
  readonly #nexts: Next[] = []
  #hasBegun = false
  #hasParts = false
  #isOver = false
  #hasLeft = false
  #error: unknown
  #hasError = false

  constructor(
    control: CallControl,
    calls: PendingCalls,
    procedure: ClientProcedure,
    request: unknown,
    options: StreamWaitOptions = {},
  ) {
    super(procedure, request, deadlineAfter(options.timeoutMs))
    this.#control = control
    this.#calls = calls
    this.#signal = options.signal
  }

  get isPaused(): boolean {
    return this.#hasParts
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    return new Promise((resolve, reject) => {
      this.#nexts.push({ resolve, reject })
      if (!this.#hasBegun) this.#begin()
      this.#serve()
    })
  }

  /** Ends the call: its handler is told. */
  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#parts.length = 0
    this.#hasLeft = true
    if (!this.#hasBegun || this.#isOver) this.#end()
    else this.#calls.abort(this, undefined)
    this.#serve()
    return { value: undefined, done: true }
  }

  read(): void {}

  finish(): void {
    this.#end()
    this.#serve()
  }

  readParts(index: number): void {
    const control = this.#control
    const { data } = control
    const { answer } = this.procedure
    forEachPart(data, control.answerOf(index), control.answerLengthOf(index), (offset, length) => {
      this.#parts.push(answer.decode(data, offset, length))
    })
    this.#hasParts = true
    this.#serve()
  }

  fail(error: unknown): void {
    this.#error = error
    this.#hasError = true
    this.#end()
    this.#serve()
  }

  #begin(): void {
    this.#hasBegun = true
    const signal = this.#signal
    if (signal?.aborted) {
      this.fail(signal.reason)
      return
    }
    if (signal !== undefined) {
      shareSignal(signal)
      signal.addEventListener('abort', this.#abort)
    }
    try {
      this.#calls.begin(this)
    } catch (error) {
      this.fail(error)
    }
  }

  readonly #abort = (): void => this.#calls.abort(this, this.#signal?.reason)

  #end(): void {
    this.#isOver = true
    this.#hasBegun = true
    this.#signal?.removeEventListener('abort', this.#abort)
  }

  /** Gives the parts to those that wait. Asks the server for more when it gives the last one. */
  #serve(): void {
    while (this.#nexts.length > 0) {
      if (this.#parts.length > 0) {
        const next = this.#nexts.shift() as Next
        next.resolve({ value: this.#parts.shift(), done: false })
        if (this.#parts.length === 0) this.#askForMore()
      } else if (this.#isOver) {
        const next = this.#nexts.shift() as Next
        if (this.#hasError && !this.#hasLeft) next.reject(this.#error)
        else next.resolve({ value: undefined, done: true })
        this.#hasError = false // told once
      } else {
        this.#askForMore()
        return
      }
    }
  }

  #askForMore(): void {
    if (!this.#hasParts || this.#isOver) return
    this.#hasParts = false
    this.#calls.handBack(this)
  }
}
