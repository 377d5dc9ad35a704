import { EventEmitter } from 'node:events'
import {
  Bells,
  type CallChannel,
  countProducers,
  decodeRequest,
  type Inspect,
  inspection,
  isPromise,
  Participant,
  PeerChecks,
  roundIfDue,
  type WaitCondition,
  type WaitStrategy,
} from '@memlane/channel'
import type { SharedMemoryError } from '@memlane/core'
import { checkOptions, checkTimeout, dispose, microtask, type OptionChecks, steadyNow } from '@memlane/core/internal'
import type { PayloadView } from '@memlane/protocol'
import { type CallControl, DONE, EXPIRED, loadSlot, QueueTaker } from '@memlane/protocol/internal'
import { CallAnswers } from './call-answers.js'
import { CallPeers } from './call-peers.js'
import type { CloseOptions } from './queue-options.js'
import { RunningCall, type ServedProcedure } from './running-call.js'
import { StreamedAnswer } from './streamed-answer.js'
import { within } from './within.js'

/** Events of a CallServer. */
export interface CallServerEvents {
  /** A handler has failed. Its client gets the error. */
  failed: [error: unknown, procedure: string]
}

const closeChecks: OptionChecks<CloseOptions> = { timeoutMs: checkTimeout }

/** A handler that awaits nothing slow has ended after so many rounds of promises. The server looks for the next call only then. */
const PROMISE_ROUNDS = 4

/** A procedure, and how its messages are shown in place. */
interface Served extends ServedProcedure {
  readonly requestView: PayloadView<unknown>
  /** The call of a handler in place. It runs one at a time. */
  readonly only: RunningCall | undefined
}

/**
 * One of the servers of a name. It takes requests from the clients, runs the handler of each, and answers. If its process dies, its clients learn it.
 */
export class CallServer extends EventEmitter<CallServerEvents> implements Disposable {
  readonly name: string
  readonly #participant: Participant<CallChannel>
  readonly #control: CallControl
  readonly #peers: CallPeers
  readonly #peerChecks: PeerChecks
  readonly #answers: CallAnswers
  readonly #taker: QueueTaker
  readonly #procedures: readonly Served[]
  readonly #concurrency: number
  /** Calls whose handler has not ended. Some were given up: their slots may hold the next call already. */
  readonly #running = new Set<RunningCall>()
  readonly #condition: WaitCondition
  /** True once no more calls are taken. */
  #isStopped = false
  /** Called when no handler runs any more. */
  readonly #onIdle: (() => void)[] = []

  /** @throws SharedMemoryError `FULL` if no place is free */
  constructor(
    channel: CallChannel,
    procedures: readonly ServedProcedure[],
    concurrency: number,
    waitStrategy?: WaitStrategy,
  ) {
    super()
    const { control } = channel
    this.name = channel.name
    this.#control = control
    this.#concurrency = concurrency
    this.#procedures = procedures.map((procedure) => {
      const only = procedure.isInPlace ? new RunningCall(control, procedure, 0, 0) : undefined
      return { ...procedure, requestView: procedure.request.readonlyView(control.data), only }
    })
    const bells = { consumers: Bells.of(channel, control.consumers), producers: Bells.of(channel, control.producers) }
    this.#peers = new CallPeers(channel, bells, (procedure) => procedures[procedure]?.idempotent === true)
    this.#peerChecks = new PeerChecks(() => this.#peers.watch(undefined))
    this.#participant = new Participant(channel, control.consumers, this.#peers.place, waitStrategy)
    this.#answers = new CallAnswers(this.#participant, bells.producers, (error, { procedure }) => {
      if (this.listenerCount('failed') > 0) microtask(() => this.emit('failed', error, procedure.name))
    })
    const ahead = control.requestOffset / 4
    this.#taker = new QueueTaker(control, this.#peers.place, process.pid, steadyNow, { ahead, hasNotes: false })
    const quick = { isThere: () => this.#taker.hasGrown() }
    this.#condition = { isThere: () => this.#isAnythingThere(), quick, watchPeers: this.#peers.watch }
    // Not at once: a handler may use the server, which the program has only when `serve` has returned.
    microtask(() => this.#serve().catch((error) => this.#crash(error)))
  }

  get closed(): boolean {
    return this.#participant.closed
  }

  /** How many calls this server has answered, errors included. */
  get served(): number {
    return this.#answers.count
  }

  /** How many calls it has taken and not answered yet. */
  get running(): number {
    return this.#running.size
  }

  /**
   * How many clients live and have not closed. Asks the kernel: for monitoring, not for each call.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  get clients(): number {
    this.#participant.checkOpen()
    return countProducers(this.#participant.channel)
  }

  /** Makes the wait for calls keep the process running. This is the default. */
  ref(): this {
    this.#participant.setRef(true)
    return this
  }

  /** Lets the process end while this server only waits for calls. */
  unref(): this {
    this.#participant.setRef(false)
    return this
  }

  /**
   * Takes no more calls, waits for the running handlers, and ends this server. Calls that still run when `timeoutMs` have passed are given up: their
   * signals abort, and their clients get `DIED`, or another server gets them if they are idempotent. A second call waits, too, for its own `timeoutMs`. A
   * handler must not await it: `close` waits for that handler.
   *
   * @param options `timeoutMs`: milliseconds, or Infinity (default)
   */
  async close(options: CloseOptions = {}): Promise<void> {
    checkOptions('close', options, closeChecks)
    this.#stop()
    await undefined // a handler that calls this is then among the running ones
    if (this.#running.size > 0 && !this.closed) {
      const idle = new Promise<void>((resolve) => this.#onIdle.push(resolve))
      await within(idle, options.timeoutMs ?? Infinity)
    }
    this.#end()
  }

  /** As `close({ timeoutMs: 0 })`, for `using`. */
  [dispose](): void {
    this.#stop()
    this.#end()
  }

  /** As `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** What `console.log` shows: name, procedures, state. */
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect: Inspect): string {
    const { name, closed, running, served } = this
    const procedures = this.#procedures.map((procedure) => procedure.name)
    return inspection('CallServer', { name, procedures, closed, running, served }, options, inspect)
  }

  async #serve(): Promise<void> {
    const { waiter } = this.#participant
    while (!this.#isStopped || this.#running.size > 0) {
      if (this.closed) return
      this.#peerChecks.pass()
      this.#lookAtRunning()
      if (this.#takeOne()) {
        const round = roundIfDue()
        if (round !== undefined) await round
        continue
      }
      for (let round = 0; round < PROMISE_ROUNDS && this.#running.size > 0; round++) await undefined
      if (this.closed) return
      // While handlers wait for something, the event loop is theirs.
      const isThere = this.#running.size > 0 ? this.#condition.isThere() : waiter.look(this.#condition)
      if (!isThere) await waiter.waitAfterLook(this.#condition)
    }
  }

  /** Takes a call and starts its handler. False if there is none, or if enough are running. */
  #takeOne(): boolean {
    if (this.#isStopped || this.#running.size >= this.#concurrency) return false
    const index = this.#taker.take()
    if (index === -1) return false
    this.#start(index, this.#taker.taken)
    return true
  }

  #start(index: number, taken: number): void {
    const control = this.#control
    const procedure = this.#procedures[control.procedureOf(index)]
    if (procedure === undefined) {
      const number = control.procedureOf(index) >>> 0
      const error = this.#participant.channel.error(
        'CORRUPT',
        `a client called procedure ${number}, and there is none.`,
      )
      this.#answers.fail(new RunningCall(control, NO_PROCEDURE, index, taken), error)
      return
    }
    const call = procedure.only ?? new RunningCall(control, procedure, index, taken)
    if (procedure.only !== undefined) call.reuse(index, taken)
    const deadline = control.deadlineOf(index)
    if (deadline !== Infinity && steadyNow() >= deadline) {
      this.#answers.settle(call, EXPIRED, 0)
      return
    }
    let result: unknown
    let isAsync: boolean
    try {
      result = procedure.handler(this.#requestOf(procedure, index), call)
      isAsync = isPromise(result) // may throw: a handler may return anything
    } catch (error) {
      if (this.closed) return
      this.#answers.fail(call, error)
      return
    }
    // The handler has closed its own server, which has given up this call.
    if (this.closed) call.abort(this.#closing())
    if (procedure.streams) this.#run(call, this.#stream(call, result), () => this.#answers.settle(call, DONE, 0))
    else if (!isAsync) this.#answers.answer(call, result)
    else if (procedure.isInPlace) {
      Promise.resolve(result).catch(() => {})
      this.#answers.fail(
        call,
        new TypeError(`the handler of ${procedure.name} is in place and async: its request is no longer valid`),
      )
    } else this.#run(call, Promise.resolve(result), (value) => this.#answers.answer(call, value))
  }

  /** @throws SharedMemoryError `CORRUPT`, `TOO_SHORT` */
  #requestOf(procedure: Served, index: number): unknown {
    const control = this.#control
    const { requestView, isInPlace } = procedure
    try {
      return isInPlace
        ? requestView.at(control.requestOf(index), control.requestLengthOf(index))
        : decodeRequest(control, procedure, index)
    } catch (error) {
      throw this.#participant.channel.explain(error)
    }
  }

  /** Keeps a call until its promise has settled. */
  #run<T>(call: RunningCall, promise: Promise<T>, finish: (value: T) => void): void {
    this.#running.add(call)
    const end = (settle: () => void) => {
      this.#running.delete(call)
      if (this.closed) return
      settle()
      if (this.#isStopped && this.#running.size === 0) for (const tell of this.#onIdle.splice(0)) tell()
      if (this.#isStopped || this.#running.size === this.#concurrency - 1) this.#participant.waiter.wake()
    }
    promise.then(
      (value) => end(() => finish(value)),
      (error) => end(() => this.#answers.fail(call, error)),
    )
  }

  #stream(call: RunningCall, parts: unknown): Promise<void> {
    const control = this.#control
    const answer = new StreamedAnswer(call, {
      data: control.data,
      offset: control.answerOf(call.index),
      maxLength: control.header.maxAnswerLength,
      handOver: (length) => this.#answers.handOver(call, length),
    })
    return answer.sendAll(parts)
  }

  #isAnythingThere(): boolean {
    if (this.closed) return true
    if (this.#isStopped) return this.#running.size === 0 || this.#hasChanged()
    return (this.#running.size < this.#concurrency && this.#taker.isThere()) || this.#hasChanged()
  }

  /** Tells whether a client has taken parts, or given up a call. */
  #hasChanged(): boolean {
    if (this.#running.size === 0) return false
    const { words } = this.#control
    for (const call of this.#running) {
      if (!call.isOver && loadSlot(words, call.index) !== call.word) return true
    }
    return false
  }

  #lookAtRunning(): void {
    if (this.#running.size === 0) return
    const { words } = this.#control
    for (const call of this.#running) {
      if (call.isOver) continue
      const word = loadSlot(words, call.index)
      if (word === call.word) continue
      if (word === call.taken) {
        call.word = word
        call.onHandBack?.()
      } else this.#answers.giveUp(call)
    }
  }

  #stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#participant.waiter.wake()
  }

  #end(): void {
    this.#participant.close(() => {
      for (const call of this.#running) call.abort(this.#closing())
      // Also the call of a handler that has not returned yet: it may end its server, and is not among the running ones.
      this.#peers.leave()
    })
    for (const tell of this.#onIdle.splice(0)) tell()
  }

  #closing(): SharedMemoryError {
    return this.#participant.channel.error('CLOSED', 'the server is closed.')
  }

  /** An error that no handler has caused, such as corrupt memory: tells it, and closes. */
  #crash(error: unknown): void {
    if (this.closed) return
    this.#stop()
    this.#end()
    throw error
  }
}

/** Stands for a procedure that does not exist. */
const NO_PROCEDURE = { name: 'unknown', streams: false } as ServedProcedure
