import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import {
  Bells,
  checkSyncWaitOptions,
  checkWaitOptions,
  claimSlot,
  deadlineAfter,
  type EndOn,
  type Inspect,
  inspection,
  iterate,
  type LaneCursor,
  LaneSet,
  type MessageHandler,
  Participant,
  ProducerWatch,
  roundIfDue,
  type StreamChannel,
  type StreamEnd,
  type StreamStart,
  type StreamWaitOptions,
  type SyncWaitOptions,
  schemaName,
  timeLeft,
  unlessCorrupt,
  type WaitCondition,
  type WaitStrategy,
} from '@memlane/channel'
import { SharedMemoryError } from '@memlane/core'
import { checkOptions, checkSignal, describeValue, dispose, type OptionChecks } from '@memlane/core/internal'
import type { CodecOf, MessageOf, PayloadDescriptor, PayloadView, ReadonlyMessageView, Schema } from '@memlane/protocol'
import { ConsumerSlot, debugsViews, endView, KEPT, outOfLine } from '@memlane/protocol/internal'

/** How a consumer begins, ends and waits. */
export interface ReaderOptions {
  /**
   * Where to begin. `now` (default): with the messages sent from now on. `newest`: with the newest message of each producer, if its
   * lane still holds it. `oldest`: with the oldest message that each lane still holds.
   */
  from?: StreamStart
  /** How `receive`, `for await` and the others wait. Default `adaptive`. */
  waitStrategy?: WaitStrategy
  /**
   * When the stream ends for this consumer. `died` (default): when each producer has closed or died. `closed`: when all producers
   * have closed; if one has died, the consumer waits for a successor. `never`: the consumer waits for new producers, too.
   */
  endOn?: EndOn
}

/** What ends an iteration before the stream does. */
export interface IterationOptions {
  /** Ends the iteration: it rejects with the signal's reason. */
  signal?: AbortSignal
}

export interface BatchOptions extends IterationOptions {
  /** The most messages in a batch. Default 256. */
  limit?: number
}

const iterationChecks: OptionChecks<IterationOptions> = { signal: checkSignal }
const batchChecks: OptionChecks<BatchOptions> = { signal: checkSignal, limit: checkLimit }

/** Checks that a limit is a number from 1 on, Infinity included. */
function checkLimit(option: string, limit: unknown): void {
  if (typeof limit !== 'number') throw new TypeError(`${option} must be a number, not ${describeValue(limit)}`)
  if (!(limit >= 1)) throw new RangeError(`${option} ${limit} is not a number from 1 on`)
}

/** How many messages `poll` handles by default before it returns. */
const POLL_LIMIT = 1024
const BATCH_LIMIT = 256
/** How often `poll` checks an empty lane with `spin`. The checks take about 50 ns, as long as the rest of a poll. */
const LOOKS_OF_SPIN = 32

/**
 * The reading side of a stream: one consumer of all its lanes. With `overflow: 'wait'` it gets every message exactly once,
 * in each producer's order, and producers wait for it until it closes or dies. With `overflow: 'overwrite'`, `missed` tells how
 * many messages this consumer did not get.
 *
 * An iteration ends when the stream does (`end` tells why), or when the consumer is closed. Leaving it does not close the
 * consumer; `using` does.
 */
export class StreamReader<S extends Schema> implements Disposable, AsyncIterable<MessageOf<S>> {
  readonly name: string
  readonly #participant: Participant<StreamChannel>
  readonly #codec: CodecOf<S>
  readonly #slot: ConsumerSlot | undefined
  readonly #producers: Bells | undefined
  readonly #lanes: LaneSet<ReadonlyMessageView<S>>
  /** The views that show the messages of each lane. */
  readonly #views: PayloadView<ReadonlyMessageView<S>>[] = []
  readonly #producerWatch: ProducerWatch
  readonly #condition: WaitCondition
  readonly #pollOutOfLine = outOfLine(debugsViews() ? pollAndEndViews : LaneSet.prototype.poll)

  /** @throws SharedMemoryError `FULL` if no slot is free, `CORRUPT` if a lane's records lead nowhere */
  constructor(channel: StreamChannel, codec: CodecOf<S>, options: ReaderOptions = {}) {
    const { from = 'now', waitStrategy = 'adaptive', endOn = 'died' } = options
    const { control, header, memory } = channel
    this.#codec = codec
    const { consumers, producers } = control
    const holdsProducers = header.overflow === 'wait'
    const claim = memory.access === 'readwrite' ? claimSlot(channel, consumers) : undefined
    this.#participant = new Participant(channel, consumers, claim?.slot, waitStrategy)
    if (claim !== undefined) {
      this.#producers = Bells.of(channel, producers)
      // Sleeping producers must watch this consumer from now on: its death would leave them asleep. This ring is for producers that
      // watched the slot's last holder; ConsumerSlot clears that holder's live bit.
      if (holdsProducers) this.#producers.ringSleepers()
      this.#slot = new ConsumerSlot(control, claim.slot)
    }
    if (holdsProducers) {
      this.#participant.explained(() => this.#slot?.join())
      this.#producers?.ringSleepers()
    }
    this.#lanes = new LaneSet(this.#participant, from, {
      view: this.#show,
      slot: this.#slot,
      producers: this.#producers,
      looks: waitStrategy === 'spin' ? LOOKS_OF_SPIN : 0,
      whenDrained: () => this.#producerWatch.watch(undefined),
    })
    this.#slot?.announceReady()
    this.#producers?.ringSleepers() // they may wait for consumers
    this.#producerWatch = new ProducerWatch(this.#participant, this.#lanes, endOn)
    this.#condition = { isThere: () => this.#isThere(), watchPeers: this.#producerWatch.watch }
    this.name = channel.name
  }

  get closed(): boolean {
    return this.#participant.closed
  }

  /** What the messages are, as this consumer reads them, in plain JSON. */
  get descriptor(): PayloadDescriptor {
    return this.#codec.descriptor
  }

  /**
   * Why the stream has ended; undefined until it has ended and all messages have been read. Only a wait finds out that producers
   * have died. So a consumer that only polls must call `readySync({ timeoutMs: 0 })` from time to time.
   */
  get end(): StreamEnd | undefined {
    return this.#lanes.end
  }

  /** How many messages were overwritten before this consumer could read them. Always 0 with `overflow: 'wait'`. */
  get missed(): number {
    return this.#lanes.missed
  }

  /**
   * How many producers live and have not closed. Asks the kernel: for monitoring, not for each message.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  get producers(): number {
    this.#participant.checkOpen()
    return this.#producerWatch.count
  }

  /**
   * Counts the messages that are in the stream and have not been received. Goes through all of them: for monitoring, not for each
   * message.
   *
   * @throws SharedMemoryError `CLOSED`, `CORRUPT`
   */
  lag(): number {
    this.#participant.checkOpen()
    return this.#lanes.count()
  }

  /**
   * Receives a message if there is one. Never blocks.
   *
   * @returns a plain copy; undefined if there is none
   * @throws SharedMemoryError `CLOSED`, `CORRUPT`, `TOO_SHORT` for a message that does not fit the schema
   */
  tryReceive(): MessageOf<S> | undefined {
    const cursor = this.#lanes.next()
    return cursor === undefined ? undefined : this.#decode(cursor)
  }

  /**
   * Receives a message. Waits for one without blocking the thread. One call at a time: a second one that must wait throws a
   * TypeError.
   *
   * @returns undefined if the stream has ended (`end` tells why), or if `timeoutMs` have passed
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED`, and as `tryReceive`
   */
  async receive(options?: StreamWaitOptions): Promise<MessageOf<S> | undefined> {
    checkWaitOptions('receive', options)
    const deadline = deadlineAfter(options?.timeoutMs)
    let left = options
    for (let again = false; ; again = true) {
      options?.signal?.throwIfAborted()
      const message = this.tryReceive()
      if (message !== undefined) {
        const round = roundIfDue()
        if (round !== undefined) await round
        return message
      }
      // The message that ended the wait may have been overwritten before it was read.
      if (again) {
        await roundIfDue()
        left = { ...options, timeoutMs: timeLeft(deadline) }
        if (left.timeoutMs === 0) return undefined
      }
      this.#lanes.end = undefined // a producer may have come
      if (!this.#participant.waiter.look(this.#condition, left?.timeoutMs)) {
        await this.#participant.waiter.waitAfterLook(this.#condition, left)
        this.#participant.checkOpen()
      }
      if (!this.#lanes.hasMessage()) return undefined
    }
  }

  /**
   * Receives a message, blocking this thread until there is one: for worker threads and scripts.
   *
   * @param options `timeoutMs`: milliseconds, or Infinity (default)
   * @returns undefined if the stream has ended, or if the time has passed
   * @throws as `tryReceive`
   */
  receiveSync(options?: SyncWaitOptions): MessageOf<S> | undefined {
    checkSyncWaitOptions('receiveSync', options)
    const { timeoutMs = Infinity } = options ?? {}
    const deadline = deadlineAfter(timeoutMs)
    let left = timeoutMs
    for (let again = false; ; again = true) {
      const message = this.tryReceive()
      // The message that ended the wait may have been overwritten before it was read.
      if (message !== undefined || (again && left === 0)) return message
      if (!this.readySync({ timeoutMs: left })) return undefined
      left = timeLeft(deadline)
    }
  }

  /**
   * Passes the messages that are there to `handle`, each in place: with `overflow: 'wait'` nothing is copied, and nothing is
   * allocated for layouts of numbers. Never blocks. With `waitStrategy: 'spin'`, if the stream has one lane in use and does not
   * overwrite, `poll` checks again for about 50 ns before it returns 0.
   *
   * @param handle gets each message's view. The view is read-only, and valid only until `handle` returns, so `handle` must not be
   * async. With `MEMLANE_DEBUG=views`, a view that is used later throws
   * @param limit the most messages to handle; 1024 by default. Pass 1 if just one is expected, as in a conversation: that saves
   * the check for the next message
   * @returns how many were handled
   * @throws SharedMemoryError `CLOSED`, `CORRUPT`, `TOO_SHORT`; RangeError for a limit below 0; TypeError if `handle` returns a
   * promise for the first message; any error that `handle` throws. The message then counts as received
   */
  poll<Result>(handle: MessageHandler<[message: ReadonlyMessageView<S>], Result>, limit: number = POLL_LIMIT): number {
    if (!(limit >= 0)) throw new RangeError(`limit ${describeValue(limit)} is not a number from 0 on`)
    return this.#pollOutOfLine[0].call(this.#lanes, handle as (message: unknown) => unknown, limit)
  }

  /**
   * Waits until there is a message for `poll`. Does not block the thread.
   *
   * @returns false if the stream has ended, or if `timeoutMs` have passed
   * @throws as `receive`
   */
  async ready(options?: StreamWaitOptions): Promise<boolean> {
    checkWaitOptions('ready', options)
    this.#participant.checkOpen()
    this.#lanes.end = undefined // a producer may have come
    await this.#participant.waiter.wait(this.#condition, options)
    this.#participant.checkOpen()
    return this.#lanes.hasMessage()
  }

  /** Same as `ready`, but blocks this thread. */
  readySync(options?: SyncWaitOptions): boolean {
    checkSyncWaitOptions('readySync', options)
    this.#participant.checkOpen()
    this.#lanes.end = undefined
    this.#participant.waiter.waitSync(this.#condition, options?.timeoutMs)
    return this.#lanes.hasMessage()
  }

  /** Iterates over the messages, as `messages` does. */
  [Symbol.asyncIterator](): AsyncIterableIterator<MessageOf<S>> {
    return this.messages()
  }

  /**
   * Iterates over the messages until the stream ends or this consumer is closed. Rejects with the signal's reason if it aborts.
   *
   * @throws SharedMemoryError `CLOSED` if the consumer is already closed
   */
  messages(options?: IterationOptions): AsyncIterableIterator<MessageOf<S>> {
    if (options !== undefined) checkOptions('messages', options, iterationChecks)
    return this.#iterate(() => this.receive(options))
  }

  /**
   * Iterates over batches of messages, otherwise like `messages`. A batch holds the messages that are there, at least one and at
   * most `limit`.
   *
   * @throws SharedMemoryError `CLOSED` if the consumer is already closed; RangeError for a `limit` below 1
   */
  batches(batchOptions: BatchOptions = {}): AsyncIterableIterator<MessageOf<S>[]> {
    checkOptions('batches', batchOptions, batchChecks)
    const { limit = BATCH_LIMIT, signal } = batchOptions
    const options = signal && { signal }
    return this.#iterate(async () => {
      const first = await this.receive(options)
      if (first === undefined) return undefined
      const batch = [first]
      while (batch.length < limit) {
        const message = this.tryReceive()
        if (message === undefined) break
        batch.push(message)
      }
      await roundIfDue(batch.length - 1)
      return batch
    })
  }

  /**
   * Makes a Node stream of the messages, in object mode. It takes a message only when its reader asks for one. It ends
   * when `messages` does. Destroying it does not close the consumer. In Node, null means the end of a stream, so a message that is
   * null destroys this stream with a TypeError.
   *
   * @throws SharedMemoryError `CLOSED` if the consumer is already closed
   */
  toReadable(): Readable {
    return Readable.from(this.#iterateUntilLeft(), { highWaterMark: 0 })
  }

  /** Makes a web stream of the messages, otherwise like `toReadable`. Cancelling it does not close the consumer. */
  toReadableStream(): ReadableStream<MessageOf<S>> {
    return ReadableStream.from(this.#iterateUntilLeft())
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

  /** Ends this consumer: producers no longer wait for it. A second call does nothing. */
  close(): void {
    this.#participant.close(() => {
      this.#lanes.close()
      for (const view of this.#views) view.end?.(() => this.#participant.closedError())
      this.#slot?.leave()
      this.#producers?.ringSleepers()
    })
  }

  /** Same as `close()`, for `using`. */
  [dispose](): void {
    this.close()
  }

  /** What `console.log` shows: name, schema, state, and how many messages wait. */
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect: Inspect): string {
    const { name, closed, end, missed } = this
    const facts = { name, schema: schemaName(this.#codec), closed }
    const state = closed ? {} : { end, missed, lag: unlessCorrupt(() => this.lag()) }
    return inspection('StreamReader', { ...facts, ...state }, options, inspect)
  }

  readonly #show = (data: DataView): PayloadView<ReadonlyMessageView<S>> => {
    const shown = this.#codec.readonlyView(data)
    this.#views.push(shown)
    return shown
  }

  #isThere(): boolean {
    const lanes = this.#lanes
    if (this.closed || lanes.end !== undefined || lanes.hasMessage()) return true
    return lanes.takeUpLanes() && (lanes.hasMessage() || this.#producerWatch.watch(undefined))
  }

  #iterateUntilLeft(): AsyncIterableIterator<MessageOf<S>> {
    const left = new AbortController()
    return this.#iterate(
      () => this.receive({ signal: left.signal }),
      () => left.abort(),
    )
  }

  #iterate<T>(next: () => Promise<T | undefined>, leave?: () => void): AsyncIterableIterator<T> {
    this.#participant.checkOpen()
    const isEnd = (error: unknown) => this.closed && error instanceof SharedMemoryError && error.code === 'CLOSED'
    return iterate(next, isEnd, leave)
  }

  #decode(cursor: LaneCursor<ReadonlyMessageView<S>>): MessageOf<S> {
    try {
      return this.#codec.decode(cursor.data, cursor.offset, cursor.length)
    } catch (error) {
      throw this.#participant.channel.explain(error)
    }
  }
}

/** `LaneSet.poll` for `MEMLANE_DEBUG=views`: a view that outlives its handler throws. */
function pollAndEndViews(this: LaneSet<unknown>, handle: (message: unknown) => unknown, limit: number): number {
  const handleAndEnd = (message: unknown) => {
    try {
      return handle(message)
    } finally {
      endView(message, KEPT)
    }
  }
  return this.poll(handleAndEnd, limit)
}
