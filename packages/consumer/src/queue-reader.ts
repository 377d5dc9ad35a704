import { EventEmitter } from 'node:events'
import {
  Bells,
  checkSyncWaitOptions,
  checkWaitOptions,
  countProducers,
  deadlineAfter,
  type Inspect,
  inspection,
  iterate,
  type MessageHandler,
  Participant,
  PeerChecks,
  type QueueChannel,
  roundIfDue,
  type SlotBells,
  SlotPeers,
  type StreamWaitOptions,
  type SyncWaitOptions,
  schemaName,
  type WaitStrategy,
} from '@memlane/channel'
import { SharedMemoryError } from '@memlane/core'
import {
  checkFunction,
  checkObject,
  checkOptions,
  checkSignal,
  checkTimeout,
  checkWholeNumber,
  describeValue,
  dispose,
  type OptionChecks,
  setImmediate,
  steadyNow,
} from '@memlane/core/internal'
import type { CodecOf, PayloadDescriptor, QueueFigures, ReadonlyMessageView, Schema } from '@memlane/protocol'
import { DEAD, figuresOf, MAX_GENERATION, outOfLine, QueueTaker } from '@memlane/protocol/internal'
import { callListeners } from './call-listeners.js'
import type { DeadLetter } from './dead-letter.js'
import { deadLetterAt, deadLetters } from './dead-letters.js'
import { Delivery } from './delivery.js'
import { InPlaceMessages } from './in-place-messages.js'
import { OverdueTimer } from './overdue-timer.js'
import { ProcessCalls } from './process-calls.js'
import type {
  CloseOptions,
  DeadLetterOptions,
  DeadLetterPlace,
  DeadMessage,
  ProcessOptions,
  QueueEvents,
} from './queue-options.js'
import type { DeliveryHandler } from './queue-processing.js'
import { QueueWaits } from './queue-waits.js'
import { GIVEN_UP, reasonOf } from './reasons.js'
import type { IterationOptions } from './stream-reader.js'
import { type OnDead, TakenMessages } from './taken-messages.js'

const processChecks: OptionChecks<ProcessOptions> = { concurrency: checkWholeNumber(1), signal: checkSignal }
const closeChecks: OptionChecks<CloseOptions> = { timeoutMs: checkTimeout }
const deadLetterChecks: OptionChecks<DeadLetterOptions> = { only: checkObject }
const iterationChecks: OptionChecks<IterationOptions> = { signal: checkSignal }

/** How many messages `poll` handles by default before it returns. */
const POLL_LIMIT = 1024

/**
 * The taking side of a queue: one of its competing consumers. Each message goes to one of them, and stays in the queue until that one
 * acknowledges it. If a consumer dies, the others get its messages.
 */
export class QueueReader<S extends Schema>
  extends EventEmitter<QueueEvents<S>>
  implements Disposable, AsyncIterable<Delivery<S>>
{
  readonly name: string
  /** After so many deliveries without an acknowledgement, a message becomes a dead letter. */
  readonly maxDeliveries: number
  readonly #participant: Participant<QueueChannel>
  readonly #codec: CodecOf<S>
  readonly #place: number
  readonly #peers: SlotPeers
  readonly #peerChecks: PeerChecks
  readonly #taker: QueueTaker
  readonly #messages: TakenMessages<S>
  readonly #inPlace: InPlaceMessages<S>
  readonly #waits: QueueWaits
  readonly #processCalls: ProcessCalls<S>
  readonly #overdue: OverdueTimer
  readonly #pollOutOfLine = outOfLine(InPlaceMessages.prototype.poll)
  readonly #isStoppedNow = () => this.#isStopped
  #isStopped = false

  /** @throws SharedMemoryError `FULL` if no place is free */
  constructor(channel: QueueChannel, codec: CodecOf<S>, waitStrategy?: WaitStrategy) {
    super()
    const { control } = channel
    this.name = channel.name
    this.maxDeliveries = channel.header.maxDeliveries
    this.#codec = codec
    const bells: SlotBells = {
      consumers: Bells.of(channel, control.consumers),
      producers: Bells.of(channel, control.producers),
    }
    const onDead: OnDead = (index, word, reason) => {
      this.#tellDead({ deliveryCount: control.takesOf(index, word), pid: control.pidOf(index), reason })
    }
    const giveUp = (index: number, word: number): boolean => {
      const kind = control.giveUp(index, word)
      if (kind === DEAD) onDead(index, word, GIVEN_UP)
      return kind !== undefined
    }
    this.#peers = new SlotPeers(channel, bells, giveUp)
    this.#peerChecks = new PeerChecks(() => this.#peers.watch(undefined))
    this.#place = this.#peers.join()
    this.#participant = new Participant(channel, control.consumers, this.#place, waitStrategy)
    this.#taker = new QueueTaker(control, this.#place, process.pid, steadyNow)
    this.#messages = new TakenMessages(channel, codec, bells, onDead)
    this.#inPlace = new InPlaceMessages(this.#messages, this.#taker)
    this.#waits = new QueueWaits(this.#participant, this.#taker, this.#peers, this.#isStoppedNow)
    this.#processCalls = new ProcessCalls<S>({
      isStopped: this.#isStoppedNow,
      tryTake: () => this.tryTake(),
      wait: (signal) => this.#waits.waitOnce(signal),
      failed: (error, delivery) => callListeners(() => this.emit('failed', error, delivery)),
    })
    this.#overdue = new OverdueTimer(control, this.#peers, giveUp)
  }

  get closed(): boolean {
    return this.#participant.closed
  }

  /** What the messages are, as this consumer reads them, in plain JSON. */
  get descriptor(): PayloadDescriptor {
    return this.#codec.descriptor
  }

  /**
   * How many producers live and have not closed. Asks the kernel: for monitoring, not for each message.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  get producers(): number {
    this.#participant.checkOpen()
    return countProducers(this.#participant.channel)
  }

  /**
   * Counts what the queue holds: ready, taken, delayed, and dead messages. Looks at all slots: for monitoring, not for each message.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  stats(): QueueFigures {
    this.#participant.checkOpen()
    return figuresOf(this.#participant.channel.control, steadyNow())
  }

  /**
   * Takes a message if there is one. Never blocks.
   *
   * @returns undefined if there is none now
   * @throws SharedMemoryError `CLOSED`
   */
  tryTake(): Delivery<S> | undefined {
    this.#checkTaking()
    this.#peerChecks.pass()
    for (;;) {
      const index = this.#taker.take()
      if (index === -1) return undefined
      const delivery = this.#deliver(index)
      if (delivery !== undefined) return delivery
    }
  }

  /**
   * Takes a message. Waits for one without blocking the thread. One call at a time: a second one that must wait throws a TypeError.
   *
   * @returns undefined if `timeoutMs` have passed
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED`
   */
  take(options?: StreamWaitOptions): Promise<Delivery<S> | undefined> {
    try {
      checkWaitOptions('take', options)
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#take(options?.signal, deadlineAfter(options?.timeoutMs))
  }

  /**
   * Takes a message, blocking this thread until there is one: for worker threads and scripts.
   *
   * @param options `timeoutMs`: milliseconds, or Infinity (default)
   * @returns undefined if the time has passed
   * @throws SharedMemoryError `CLOSED`
   */
  takeSync(options?: SyncWaitOptions): Delivery<S> | undefined {
    checkSyncWaitOptions('takeSync', options)
    const deadline = deadlineAfter(options?.timeoutMs)
    for (;;) {
      const delivery = this.tryTake()
      if (delivery !== undefined) return delivery
      if (!this.#waits.waitSync(deadline)) return undefined
    }
  }

  /**
   * Takes the messages that are there and passes each to `handle` in place: nothing is copied (except with `maxProcessingMs`), and nothing
   * is allocated for layouts of numbers. Acknowledges a message when `handle` has returned. Never blocks.
   *
   * @param handle gets each message's view. The view is read-only, and valid only until `handle` returns, so `handle` must not be async
   * @param limit the most messages to handle; 1024 by default
   * @returns how many were handled
   * @throws SharedMemoryError `CLOSED`, `CORRUPT`, `TOO_SHORT`, `TAKEN_AWAY`; RangeError for a limit below 0; TypeError if `handle` returns
   * a promise; any error that `handle` throws. The message is then given back, to be delivered again
   */
  poll<Result>(handle: MessageHandler<[message: ReadonlyMessageView<S>], Result>, limit: number = POLL_LIMIT): number {
    if (!(limit >= 0)) throw new RangeError(`limit ${describeValue(limit)} is not a number from 0 on`)
    this.#checkTaking()
    this.#peerChecks.pass()
    return this.#pollOutOfLine[0].call(this.#inPlace, handle as (message: unknown) => unknown, limit)
  }

  /**
   * Waits until there may be a message for `poll` or `tryTake`. Another consumer may take it first. Does not block the thread.
   *
   * @returns false if `timeoutMs` have passed
   * @throws as `take`
   */
  async ready(options?: StreamWaitOptions): Promise<boolean> {
    checkWaitOptions('ready', options)
    this.#checkTaking()
    return this.#waits.wait(options?.signal, deadlineAfter(options?.timeoutMs))
  }

  /** Same as `ready`, but blocks this thread. */
  readySync(options?: SyncWaitOptions): boolean {
    checkSyncWaitOptions('readySync', options)
    this.#checkTaking()
    return this.#waits.waitSync(deadlineAfter(options?.timeoutMs))
  }

  /**
   * Runs a handler for each message until the signal aborts or the queue is closed. Acknowledges a message when the handler's promise resolves, and
   * gives it back when it rejects: then it is delivered again, up to `maxDeliveries` times. A handler may also call `ack`, `retry` or
   * `reject` itself. A consumer runs one `process`, `take`, `ready` or iteration at a time.
   *
   * @param handler gets a delivery
   * @returns a promise that resolves when the running handlers have ended. Handlers that fail do not reject it: see the event `failed`
   * @throws SharedMemoryError `CLOSED`; TypeError or RangeError for wrong options
   */
  async process(handler: DeliveryHandler<S>, options: ProcessOptions = {}): Promise<void> {
    checkFunction('handler', handler)
    checkOptions('process', options, processChecks)
    this.#checkTaking()
    await this.#processCalls.run(handler, options)
  }

  /** Iterates over the messages, as `deliveries` does. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Delivery<S>> {
    return this.deliveries()
  }

  /**
   * Takes one message after another, each when the loop asks for it, until this consumer is closed. The loop calls `ack`, `retry` or
   * `reject`. Rejects with the signal's reason if it aborts.
   *
   * @throws SharedMemoryError `CLOSED` if the consumer is already closed
   */
  deliveries(options?: IterationOptions): AsyncIterableIterator<Delivery<S>> {
    if (options !== undefined) checkOptions('deliveries', options, iterationChecks)
    this.#checkTaking()
    const left = new AbortController()
    const signal = options?.signal === undefined ? left.signal : AbortSignal.any([options.signal, left.signal])
    const isEnd = (error: unknown) =>
      (left.signal.aborted && error === left.signal.reason) ||
      (this.#isStopped && error instanceof SharedMemoryError && error.code === 'CLOSED')
    return iterate(
      () => this.#take(signal, Infinity),
      isEnd,
      () => left.abort(),
    )
  }

  /**
   * Goes through the dead letters. Each is held while the loop has it, and put back unless the loop resends or discards it.
   *
   * @throws SharedMemoryError `CLOSED`; TypeError for an unknown option or one of the wrong type; RangeError for a place that the queue does not have
   */
  *deadLetters(options: DeadLetterOptions = {}): Generator<DeadLetter<S>, void> {
    this.#participant.checkOpen()
    checkOptions('deadLetters', options, deadLetterChecks)
    const { only } = options
    if (only === undefined) yield* deadLetters(this.#messages, this.#taker, this.#isStoppedNow)
    else yield* deadLetterAt(this.#messages, this.#taker, this.#checkedPlace(only))
  }

  #checkedPlace(place: DeadLetterPlace): DeadLetterPlace {
    const { capacity, producers } = this.#participant.channel.control
    checkWholeNumber(0, producers.count - 1)('producer', place.producer)
    checkWholeNumber(0, capacity - 1)('slot', place.slot)
    checkWholeNumber(0, MAX_GENERATION)('generation', place.generation)
    return place
  }

  /** Makes waits keep the process running. This is the default. */
  ref(): this {
    this.#participant.setRef(true)
    return this
  }

  /** Lets the process end while only this consumer waits. */
  unref(): this {
    this.#participant.setRef(false)
    return this
  }

  /**
   * Ends this consumer. Takes nothing more, waits for the running handlers of `process`, and gives back all other messages that it holds
   * as if it had not taken them. After `timeoutMs` it gives back those of the running handlers, too, and their `ack` throws `TAKEN_AWAY`. A second
   * call can only make that time shorter. Do not await it in a handler of `process` without a `timeoutMs`.
   *
   * @throws TypeError or RangeError for wrong options
   */
  async close(options: CloseOptions = {}): Promise<void> {
    checkOptions('close', options, closeChecks)
    const { timeoutMs = Infinity } = options
    this.#stop()
    const idle = this.#processCalls.idleWithin(timeoutMs)
    if (idle !== undefined) await idle
    this.#end()
  }

  /** Same as `close({ timeoutMs: 0 })`, for `using`: does not wait for handlers. */
  [dispose](): void {
    this.#stop()
    this.#end()
  }

  /** What `console.log` shows: name, schema, state, and what the queue holds. */
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect: Inspect): string {
    const { name, closed } = this
    const state = closed ? {} : this.stats()
    return inspection('QueueReader', { name, schema: schemaName(this.#codec), closed, ...state }, options, inspect)
  }

  async #take(signal: AbortSignal | undefined, deadline: number): Promise<Delivery<S> | undefined> {
    for (;;) {
      signal?.throwIfAborted()
      const delivery = this.tryTake()
      if (delivery !== undefined) {
        const round = roundIfDue()
        if (round !== undefined) await round
        return delivery
      }
      if (!(await this.#waits.wait(signal, deadline))) return undefined
    }
  }

  /** Undefined if the message was taken away while it was copied. */
  #deliver(index: number): Delivery<S> | undefined {
    const { taken } = this.#taker
    const messages = this.#messages
    const copy = messages.copies ? this.#copy(index, taken) : undefined
    if (messages.copies && copy === undefined) return undefined
    const delivery = new Delivery(messages, index, taken, copy)
    if (delivery.deliveryCount > 1) callListeners(() => this.emit('redelivered', delivery))
    return delivery
  }

  /** Copies a message. If that is impossible, gives it back, so that it becomes a dead letter in the end. */
  #copy(index: number, taken: number): DataView | undefined {
    const messages = this.#messages
    messages.loseOlder(index)
    try {
      return messages.copy(index, taken)
    } catch (error) {
      messages.giveBack({ index, taken }, { as: 'counts', notBefore: 0, reason: reasonOf(error) })
      throw error
    }
  }

  /** Tells it later: a listener may throw, or close this consumer, and must not do so while messages are given back. */
  #tellDead(message: DeadMessage): void {
    setImmediate(() => this.emit('dead', message))
  }

  /** @throws SharedMemoryError `CLOSED` */
  #checkTaking(): void {
    if (this.#isStopped) throw this.#participant.closedError()
  }

  #stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#inPlace.stop()
    this.#overdue.stop()
    this.#participant.waiter.wake()
  }

  #end(): void {
    this.#participant.close(() => {
      this.#inPlace.close()
      this.#messages.giveAllBack()
      this.#peers.leave(this.#place)
    })
  }
}
