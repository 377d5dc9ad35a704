import { EventEmitter } from 'node:events'
import {
  Bells,
  type CallChannel,
  cleanUpIfDead,
  countProducers,
  type Inspect,
  inspection,
  Participant,
  roundIfDue,
  type SlotBells,
  SlotPeers,
  type WaitCondition,
  type WaitStrategy,
} from '@memlane/channel'
import { type Doorbell, Lease, type SharedMemoryError } from '@memlane/core'
import {
  checkOptions,
  checkTimeout,
  clearTimeout,
  describeValue,
  dispose,
  microtask,
  now,
  type OptionChecks,
  setTimeout,
  steadyNow,
} from '@memlane/core/internal'
import type { AnyCodec, PayloadView } from '@memlane/protocol'
import {
  ANSWERED,
  type CallControl,
  closeProducerPlace,
  consumerOf,
  DONE,
  EXPIRED,
  FAILED,
  giveBackOf,
  kindOf,
  LATE,
  loadSlot,
  PART,
  QueueTaker,
  withKindOf,
} from '@memlane/protocol/internal'
import { encodeError } from './call-error.js'
import type { CloseOptions } from './queue-options.js'
import { RunningCall, type ServedProcedure } from './running-call.js'
import { StreamedAnswer } from './streamed-answer.js'

/** Events of a CallServer. */
export interface CallServerEvents {
  /** A handler has failed. Its client gets the error. */
  failed: [error: unknown, procedure: string]
}

const closeChecks: OptionChecks<CloseOptions> = { timeoutMs: checkTimeout }

/** How often a server that has no time to sleep asks the kernel which peers live, in milliseconds and at most in calls. */
const PEER_CHECK_INTERVAL_MS = 10
const PEER_CHECK_STRIDE = 64
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
  readonly #bells: SlotBells
  readonly #peers: SlotPeers
  readonly #place: number
  readonly #taker: QueueTaker
  readonly #procedures: readonly Served[]
  readonly #concurrency: number
  /** Calls whose handler has not ended. Some were given up: their slots may hold the next call already. */
  readonly #running = new Set<RunningCall>()
  readonly #condition: WaitCondition
  /** True once no more calls are taken. */
  #isStopped = false
  #served = 0
  /** Called when no handler runs any more. */
  readonly #onIdle: (() => void)[] = []
  #nextPeerCheck = 0
  #untilPeerCheck = 1
  #peerCheckStride = 1

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
    this.#bells = { consumers: Bells.of(channel, control.consumers), producers: Bells.of(channel, control.producers) }
    this.#peers = new SlotPeers(channel, this.#bells, (index, word, isDead) => this.#takeAway(index, word, isDead))
    this.#place = this.#peers.join()
    this.#participant = new Participant(channel, control.consumers, this.#place, waitStrategy)
    this.#taker = new QueueTaker(control, this.#place, process.pid, steadyNow, {
      ahead: control.requestOffset / 4,
      hasNotes: false,
    })
    const quick = { isThere: () => this.#taker.hasGrown() }
    this.#condition = { isThere: () => this.#isAnythingThere(), quick, watchPeers: this.#watch }
    // Not at once: a handler may use the server, which the program has only when `serve` has returned.
    microtask(() => this.#serve().catch((error) => this.#crash(error)))
  }

  get closed(): boolean {
    return this.#participant.closed
  }

  /** How many calls this server has answered, errors included. */
  get served(): number {
    return this.#served
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
    await this.#idleWithin(options.timeoutMs ?? Infinity)
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
      if (--this.#untilPeerCheck <= 0) this.#checkPeers()
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
      this.#fail(new RunningCall(control, NO_PROCEDURE, index, taken), error)
      return
    }
    const call = procedure.only ?? new RunningCall(control, procedure, index, taken)
    if (procedure.only !== undefined) call.reuse(index, taken)
    const deadline = control.deadlineOf(index)
    if (deadline !== Infinity && steadyNow() >= deadline) {
      this.#settle(call, EXPIRED, 0)
      return
    }
    let result: unknown
    let isAsync: boolean
    try {
      result = procedure.handler(this.#requestOf(procedure, index), call)
      isAsync = isPromise(result) // may throw: a handler may return anything
    } catch (error) {
      if (this.closed) return
      this.#fail(call, error)
      return
    }
    // The handler has closed its own server, which has given up this call.
    if (this.closed) call.abort(this.#closing())
    if (procedure.streams) this.#run(call, this.#stream(call, result), () => this.#settle(call, DONE, 0))
    else if (!isAsync) this.#answer(call, result)
    else if (procedure.isInPlace) {
      Promise.resolve(result).catch(() => {})
      this.#fail(
        call,
        new TypeError(`the handler of ${procedure.name} is in place and async: its request is no longer valid`),
      )
    } else this.#run(call, Promise.resolve(result), (value) => this.#answer(call, value))
  }

  /** @throws SharedMemoryError `CORRUPT`, `TOO_SHORT` */
  #requestOf({ request, requestView, isInPlace }: Served, index: number): unknown {
    const control = this.#control
    try {
      const [offset, length] = [control.requestOf(index), control.requestLengthOf(index)]
      return isInPlace ? requestView.at(offset, length) : request.decode(control.data, offset, length)
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
      (error) => end(() => this.#fail(call, error)),
    )
  }

  async #stream(call: RunningCall, parts: unknown): Promise<void> {
    const control = this.#control
    const { index, taken, procedure } = call
    const iterator = iteratorOf(parts)
    if (iterator === undefined) {
      throw new TypeError(
        `the handler of ${procedure.name} must return an iterable of parts, not ${describeValue(parts)}`,
      )
    }
    const answer = new StreamedAnswer(call, {
      data: control.data,
      offset: control.answerOf(index),
      maxLength: control.header.maxAnswerLength,
      handOver: (length) => {
        const isHandedOver = control.handOver(index, taken, length)
        this.#tellClient(index) // also if the slot is free now
        if (isHandedOver) call.word = withKindOf(taken, PART)
        else this.#giveUp(call)
      },
    })
    let isOpen = true
    try {
      while (!call.isOver) {
        isOpen = false // an iterator that throws has ended
        const { value, done } = await iterator.next()
        if (done) break
        isOpen = true
        if (!call.isOver) await answer.send(value)
      }
    } finally {
      try {
        if (isOpen) await iterator.return?.()
      } finally {
        await answer.end() // the parts before an error, too
      }
    }
  }

  /** Answers with what the handler has returned, or has written in place. */
  #answer(call: RunningCall, value: unknown): void {
    if (call.isOver) {
      this.#free(call)
      return
    }
    const control = this.#control
    const { answer, name } = call.procedure
    let length: number
    try {
      length = call.replyLength ?? this.#encode(answer, name, control.answerOf(call.index), value)
    } catch (error) {
      this.#fail(call, error)
      return
    }
    if (this.closed) return // a getter of the answer has closed the server
    this.#settle(call, DONE, length)
  }

  /** @throws TypeError, RangeError for an answer that does not fit */
  #encode(codec: AnyCodec, name: string, offset: number, value: unknown): number {
    const { data, header } = this.#control
    if (codec.checkAndPut !== undefined) {
      codec.checkAndPut(data, offset, value)
      return codec.fixedLength as number
    }
    const length = codec.measure(value)
    if (length > header.maxAnswerLength) {
      throw new RangeError(
        `an answer of ${name} has ${length} bytes, and maxAnswerLength is ${header.maxAnswerLength}. Serve with a larger ` +
          'maxAnswerLength, or stream the answer.',
      )
    }
    return codec.encode(data, offset, value)
  }

  #fail(call: RunningCall, error: unknown): void {
    if (this.closed) return
    if (call.isOver) {
      this.#free(call)
      return
    }
    const { data, header } = this.#control
    if (steadyNow() >= this.#control.deadlineOf(call.index)) {
      this.#settle(call, LATE, 0) // the handler may have failed because of that
      return
    }
    const encoded = encodeError(error, header.maxAnswerLength)
    if (this.closed) return // a getter of the error has closed the server
    new Uint8Array(data.buffer, data.byteOffset + this.#control.answerOf(call.index), encoded.length).set(encoded)
    this.#settle(call, FAILED, encoded.length)
    if (this.listenerCount('failed') > 0) microtask(() => this.emit('failed', error, call.procedure.name))
  }

  #settle(call: RunningCall, status: number, length: number): void {
    if (call.isOver) {
      this.#free(call)
      return
    }
    this.#served++
    call.end()
    this.#control.answer(call.index, call.taken, status, length)
    this.#tellClient(call.index)
  }

  /** The client no longer wants the answer. */
  #giveUp(call: RunningCall): void {
    call.abort(this.#participant.channel.error('CLOSED', 'the client has given up this call.'))
    // With `reply`, the handler may still write into the slot: it is freed when the handler has ended.
    if (call.replyLength === undefined) this.#free(call)
  }

  #free({ index, taken }: RunningCall): void {
    if (this.closed) return
    if (this.#control.freeAbandoned(index, taken)) this.#tellClient(index)
  }

  #tellClient(index: number): void {
    this.#control.announceDone(index)
    this.#bells.producers.ringSleeper(this.#control.producerOf(index))
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
      } else this.#giveUp(call)
    }
  }

  /** Takes a call away from a server that died. */
  #takeAway(index: number, word: number, isDead: () => boolean): void {
    const isAnswer = kindOf(word) === ANSWERED
    if (!isAnswer && this.#control.giveUp(index, consumerOf(word), isDead, this.#isIdempotent) === undefined) return
    this.#control.announceDone(index) // also of an answer: its server may have died before it told
  }

  readonly #isIdempotent = (procedure: number): boolean => this.#procedures[procedure]?.idempotent === true

  /** As `WaitCondition.watchPeers`: watches servers and clients, and cleans up after those that died. */
  readonly #watch = (bell: Doorbell | undefined): boolean => {
    let isAnyDead = this.#peers.watchConsumers(bell)
    const control = this.#control
    const { channel } = this.#participant
    control.forEachUsed((client) => {
      if (control.stateOf(client) !== 'open') return
      const number = control.producers.numberOf(client)
      if (bell === undefined ? Lease.isHeld(channel.memory, number) : bell.watch(number)) return
      const ring = (server: number) => this.#bells.consumers.ringSleeper(server)
      // First without the client's lease: a server that is stopped in between must not keep the others from noticing.
      control.cleanUpAfter(client, () => !Lease.isHeld(channel.memory, number), ring)
      isAnyDead = true
      cleanUpIfDead(channel, control.producers, client, () => {
        control.cleanUpAfter(client, () => true, ring)
        control.clearDone(client)
        closeProducerPlace(control, client)
      })
    })
    return isAnyDead
  }

  /** Asks now and then which peers live: a server that always finds calls never sleeps, and no bell tells it. */
  #checkPeers(): void {
    const time = now()
    const isFast = time < this.#nextPeerCheck
    this.#peerCheckStride = isFast ? Math.min(PEER_CHECK_STRIDE, 2 * this.#peerCheckStride) : 1
    this.#untilPeerCheck = this.#peerCheckStride
    if (isFast) return
    this.#nextPeerCheck = time + PEER_CHECK_INTERVAL_MS
    this.#watch(undefined)
  }

  async #idleWithin(timeoutMs: number): Promise<void> {
    if (this.#running.size === 0 || this.closed) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#onIdle.push(resolve)
      if (timeoutMs !== Infinity) timer = setTimeout(resolve, timeoutMs)
    })
    clearTimeout(timer)
  }

  #stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#participant.waiter.wake()
  }

  #end(): void {
    this.#participant.close(() => {
      for (const call of this.#running) call.abort(this.#closing())
      // Looks at all slots: a handler that has not returned yet may end its server, and its call is not among the running ones.
      giveBackOf(this.#control, this.#place, always, (index, word) => this.#takeAway(index, word, always))
      this.#peers.leave(this.#place)
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

const always = () => true

/** Stands for a procedure that does not exist. */
const NO_PROCEDURE = { name: 'unknown', streams: false } as ServedProcedure

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function iteratorOf(parts: unknown): AsyncIterator<unknown> | Iterator<unknown> | undefined {
  if (typeof parts !== 'object' || parts === null) return undefined
  if (Symbol.asyncIterator in parts) return (parts as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  if (Symbol.iterator in parts) return (parts as Iterable<unknown>)[Symbol.iterator]()
  return undefined
}
