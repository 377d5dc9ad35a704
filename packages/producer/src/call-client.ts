import {
  type CallChannel,
  type ClientProcedure,
  checkSyncWaitOptions,
  checkWaitOptions,
  countConsumers,
  deadlineAfter,
  decodeAnswer,
  type Inspect,
  inspection,
  refusePromise,
  type StreamWaitOptions,
  type SyncWaitOptions,
  type WaitStrategy,
} from '@memlane/channel'
import { describeValue, dispose } from '@memlane/core/internal'
import type { Procedures } from '@memlane/protocol'
import { BlockingCalls } from './blocking-calls.js'
import { CallSlots } from './call-slots.js'
import type { AnswerOf, InPlaceCall, Methods, PlainNames, RequestOf } from './call-types.js'
import { PendingCalls, type ServerWait } from './pending-calls.js'
import { StreamedCall } from './streamed-call.js'
import { ValueCall } from './value-call.js'

/** A client, with one method for each procedure. */
export type Client<P extends Procedures> = CallClient<P> & Methods<P>

/**
 * The calling side of a channel of calls. Each procedure is a method: `client.quote(request)`. Every call is settled: by the answer, by the
 * handler's error (RemoteError), or by a SharedMemoryError `DIED`, `TIMED_OUT` or `CLOSED`, whose `taken` tells whether a server had taken it.
 */
export class CallClient<P extends Procedures> implements Disposable {
  readonly name: string
  readonly #slots: CallSlots
  readonly #calls: PendingCalls
  readonly #blocking: BlockingCalls
  readonly #procedures: ReadonlyMap<string, ClientProcedure>

  /** @param place the producer place that this process has claimed */
  constructor(
    channel: CallChannel,
    procedures: ReadonlyMap<string, ClientProcedure>,
    place: number,
    waitStrategy?: WaitStrategy,
  ) {
    this.name = channel.name
    this.#slots = new CallSlots(channel, place, waitStrategy)
    this.#calls = new PendingCalls(this.#slots)
    this.#blocking = new BlockingCalls(this.#slots, this.#calls)
    this.#procedures = procedures
    for (const procedure of procedures.values()) {
      const method = procedure.streams
        ? (request: unknown, options?: StreamWaitOptions) => this.#stream(procedure, request, options)
        : (request: unknown, options?: StreamWaitOptions) => this.#call(procedure, request, options)
      Object.defineProperty(this, procedure.name, { value: method })
    }
  }

  get closed(): boolean {
    return this.#slots.participant.closed
  }

  /**
   * How many servers live. Asks the kernel: for monitoring, not for each call.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  get servers(): number {
    this.#slots.participant.checkOpen()
    return countConsumers(this.#slots.channel)
  }

  /**
   * Waits until a server lives. Does not block the thread.
   *
   * @returns false if `timeoutMs` have passed
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED`
   */
  async waitForServer(options: StreamWaitOptions = {}): Promise<boolean> {
    checkWaitOptions('waitForServer', options)
    const { signal, timeoutMs } = options
    signal?.throwIfAborted()
    if (this.servers > 0) return true
    let abort: (() => void) | undefined
    try {
      return await new Promise<boolean>((resolve, reject) => {
        const wait: ServerWait = { deadline: deadlineAfter(timeoutMs), settle: resolve, fail: reject }
        abort = () => {
          if (this.#calls.forgetServerWait(wait)) reject(signal?.reason)
        }
        signal?.addEventListener('abort', abort)
        this.#calls.awaitServer(wait)
      })
    } finally {
      if (abort !== undefined) signal?.removeEventListener('abort', abort)
    }
  }

  /**
   * Calls a procedure, blocking this thread until it has answered: for worker threads and scripts.
   *
   * @param procedure the name of a procedure with one answer
   * @param options `timeoutMs`: milliseconds, or Infinity (default)
   * @throws as the method of that name; TypeError while another call of this client waits: that one could never finish
   */
  callSync<K extends PlainNames<P>>(procedure: K, request: RequestOf<P[K]>, options?: SyncWaitOptions): AnswerOf<P[K]> {
    checkSyncWaitOptions('callSync', options)
    const called = this.#plain(procedure)
    return this.#blocking.call(
      called,
      (index) => this.#slots.write(called, index, request),
      (index) => decodeAnswer(this.#slots.control, called, index),
      options?.timeoutMs ?? Infinity,
    ) as AnswerOf<P[K]>
  }

  /**
   * Prepares calls of a procedure in place, the fastest way: the request is written, and the answer read, where they lie. Each call blocks this
   * thread until it is answered.
   *
   * @param procedure the name of a procedure with one answer
   * @throws TypeError if requests vary in length
   */
  inPlace<K extends PlainNames<P>>(procedure: K): InPlaceCall<P[K]> {
    const called = this.#plain(procedure)
    const { control } = this.#slots
    const { fixedLength } = called.request
    if (fixedLength === undefined) {
      throw new TypeError(`requests of ${procedure} vary in length: use callSync, or the method ${procedure}`)
    }
    const newViews = () => ({
      request: called.request.view(control.data),
      answer: called.answer.readonlyView(control.data),
    })
    let views: ReturnType<typeof newViews> | undefined = newViews()
    return {
      call: (fill, read, options) => {
        if (options !== undefined) checkSyncWaitOptions('call', options)
        // A call that is made in `fill` or `read` must not move the views of this one.
        const mine = views ?? newViews()
        views = undefined
        try {
          return this.#blocking.call(
            called,
            (index) => {
              const request = mine.request.at(control.requestOf(index), fixedLength)
              const filled: unknown = fill(request as Parameters<typeof fill>[0])
              if (filled !== undefined) refusePromise(filled)
              return fixedLength
            },
            (index) => {
              const answer = mine.answer.at(control.answerOf(index), control.answerLengthOf(index))
              const result = read(answer as Parameters<typeof read>[0])
              if (result !== undefined) refusePromise(result)
              return result
            },
            options?.timeoutMs ?? Infinity,
          )
        } finally {
          views = mine
        }
      },
    }
  }

  /** Makes pending calls keep the process running. This is the default. */
  ref(): this {
    this.#slots.participant.setRef(true)
    return this
  }

  /** Lets the process end while only this client waits. */
  unref(): this {
    this.#slots.participant.setRef(false)
    return this
  }

  /** Ends this client. Pending calls reject with `CLOSED`, and their handlers are told. A second call does nothing. */
  close(): void {
    if (!this.closed) this.#calls.close()
  }

  /** Same as `close()`, for `using`. */
  [dispose](): void {
    this.close()
  }

  /** What `console.log` shows: name, procedures, state. */
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect: Inspect): string {
    const { name, closed } = this
    const { count: pending } = this.#calls
    const procedures = [...this.#procedures.keys()]
    return inspection('CallClient', { name, procedures, closed, pending }, options, inspect)
  }

  #call(procedure: ClientProcedure, request: unknown, options: StreamWaitOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      checkWaitOptions(procedure.name, options)
      const { signal, timeoutMs } = options
      signal?.throwIfAborted()
      this.#slots.checkOpen() // first: the call would stay a listener of the signal
      const { control } = this.#slots
      const call = new ValueCall(control, procedure, request, deadlineAfter(timeoutMs), signal, resolve, reject)
      call.onAbort = () => this.#calls.abort(call, signal?.reason)
      this.#calls.begin(call)
    })
  }

  #stream(procedure: ClientProcedure, request: unknown, options?: StreamWaitOptions): AsyncIterableIterator<unknown> {
    checkWaitOptions(procedure.name, options)
    this.#slots.checkOpen()
    return new StreamedCall(this.#slots.control, this.#calls, procedure, request, options)
  }

  #plain(name: string): ClientProcedure {
    const procedure = this.#procedures.get(name)
    if (procedure === undefined) throw new TypeError(`there is no procedure ${describeValue(name)}`)
    if (procedure.streams) throw new TypeError(`${name} has a streamed answer: call it as a method, and iterate`)
    return procedure
  }
}
