import {
  Bells,
  ConsumerLag,
  ConsumerWatch,
  checkRoomOptions,
  checkSyncRoomOptions,
  checkSyncWaitOptions,
  checkWaitOptions,
  type Inspect,
  inspection,
  type MemberKind,
  type MemberView,
  type MessageHandler,
  MessageWriter,
  openLane,
  Participant,
  ReadyConsumers,
  roundIfDue,
  type StreamChannel,
  type StreamWaitOptions,
  type SyncWaitOptions,
  schemaName,
  unlessCorrupt,
  type WaitCondition,
  WaitingSends,
  type WaitStrategy,
} from '@memlane/channel'
import type { SharedMemoryError } from '@memlane/core'
import { checkWholeNumber, dispose } from '@memlane/core/internal'
import type { CodecOf, MessageOf, MessageView, Schema } from '@memlane/protocol'
import { type LaneWriter, ProducerSlot } from '@memlane/protocol/internal'

/** What ends a wait for room, and how much room to wait for. */
export interface ReadyOptions extends StreamWaitOptions {
  /** Bytes of the message; of a union, bytes of its member. May be left out if all messages have the same length. */
  length?: number
}

/**
 * The writing side of a stream: one producer, with a lane of its own. Messages of one producer arrive in order; messages of
 * several producers are merged as they come. A message is visible whole or not at all.
 *
 * `close()` ends the producer: consumers get the remaining messages, and then the end. If its process ends without `close()`, the
 * producer has *died*: consumers learn of the death, and the next producer continues the lane after the last whole message.
 */
export class StreamWriter<S extends Schema> implements Disposable {
  readonly name: string
  /** The number of the lane. A later producer can claim the same lane with the option `lane`. */
  readonly lane: number
  /** The longest message, in bytes: half of the capacity, minus 16. */
  readonly maxMessageLength: number
  readonly #participant: Participant<StreamChannel>
  readonly #slot: ProducerSlot
  readonly #codec: CodecOf<S>
  readonly #messages: MessageWriter<MessageOf<S>, MessageView<S>, LaneWriter>
  readonly #consumers: Bells
  readonly #consumerWatch: ConsumerWatch
  readonly #waits: WaitingSends<MessageOf<S>>
  readonly #readyConsumers: ReadyConsumers
  readonly #lag: ConsumerLag

  /**
   * @param slot the producer slot that this process has claimed
   * @throws SharedMemoryError `CORRUPT` if the lane's records lead nowhere
   */
  constructor(channel: StreamChannel, codec: CodecOf<S>, slot: number, waitStrategy?: WaitStrategy) {
    const { control } = channel
    const { producers, consumers } = control
    this.#participant = new Participant(channel, producers, slot, waitStrategy)
    const { buffer } = openLane(channel, slot, 'readwrite')
    this.#consumers = Bells.of(channel, consumers)
    this.#consumers.ringSleepers() // they must watch this producer from now on: its death would leave them asleep
    this.#slot = this.#participant.explained(() => new ProducerSlot(control, slot, buffer))
    this.#consumerWatch = new ConsumerWatch(this.#participant, Bells.of(channel, producers))
    const { lane } = this.#slot
    this.#messages = new MessageWriter(this.#participant, lane, codec, this.#consumers, () =>
      this.#consumerWatch.evictDead(),
    )
    this.#waits = new WaitingSends(this.#participant, this.#messages, codec, (length) =>
      this.#untilConsumersDo(() => lane.hasRoom(length)),
    )
    this.#readyConsumers = new ReadyConsumers(this.#participant, this.#consumerWatch, this.#waits.turns)
    this.#lag = new ConsumerLag(this.#participant, slot, lane)
    this.#codec = codec
    this.name = channel.name
    this.lane = slot
    this.maxMessageLength = lane.maxMessageLength
    this.#consumers.ringSleepers() // they may wait for a producer
  }

  get closed(): boolean {
    return this.#participant.closed
  }

  /**
   * How many consumers live and have opened the stream. Consumers with `access: 'read'` are not counted. Asks the kernel: for
   * monitoring, not for each message.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  get consumers(): number {
    this.#participant.checkOpen()
    return this.#consumerWatch.count
  }

  /** How many messages this lane has carried, those of earlier producers included. Wraps at 2^32. */
  get sent(): number {
    return this.#messages.room.sequence >>> 0
  }

  /**
   * Sends a message. Never blocks.
   *
   * @returns false if there is no room now, or if a send is queued
   * @throws SharedMemoryError `CLOSED`; TypeError or RangeError for a value that does not fit the schema, or a message that is
   * too long for the stream
   */
  trySend(value: MessageOf<S>): boolean {
    return this.#messages.trySend(value)
  }

  /**
   * Sends a message. Waits for room without blocking the thread. Several calls send in the order of the calls.
   *
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED`, `TIMED_OUT`; and as `trySend`
   */
  send(value: MessageOf<S>, options?: StreamWaitOptions): Promise<void> {
    try {
      checkWaitOptions('send', options)
      options?.signal?.throwIfAborted()
      if (this.trySend(value)) return roundIfDue() ?? sent
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#sendInTurn([value], options)
  }

  /**
   * Sends a message, blocking this thread until there is room: for worker threads and scripts.
   *
   * @param options `timeoutMs`: milliseconds, or Infinity (default)
   * @returns false if the time has passed
   * @throws as `trySend`; TypeError while a `send`, `ready`, `flush` or `consumersReady` is pending: that call could never finish
   */
  sendSync(value: MessageOf<S>, options?: SyncWaitOptions): boolean {
    checkSyncWaitOptions('sendSync', options)
    if (this.trySend(value)) return true
    return this.#waits.sendSync(value, options?.timeoutMs ?? Infinity)
  }

  /**
   * Sends as many of these messages as there is room for, from the first on. They become visible together, by one store.
   * Never blocks.
   *
   * @param first the index to begin with, a whole number from 0 on
   * @returns how many were sent
   * @throws as `trySend`; the messages before the wrong value have then been sent. TypeError or RangeError for a wrong `first`
   */
  trySendBatch(values: readonly MessageOf<S>[], first = 0): number {
    return this.#messages.trySendBatch(values, first)
  }

  /**
   * Sends all of these messages. Waits for room without blocking the thread. Messages that find room together become visible
   * together.
   *
   * @throws as `send`; some messages may have been sent then
   */
  sendBatch(values: readonly MessageOf<S>[], options?: StreamWaitOptions): Promise<void> {
    let done: number
    try {
      checkWaitOptions('sendBatch', options)
      options?.signal?.throwIfAborted()
      done = this.trySendBatch(values)
    } catch (error) {
      return Promise.reject(error)
    }
    if (done === values.length) return roundIfDue(done) ?? sent
    return this.#sendInTurn(values.slice(done), options)
  }

  /**
   * Sends up to `count` messages that `fill` writes in place. They become visible together. Never blocks, allocates nothing.
   * For schemas of fixed length.
   *
   * @param fill gets the view of each message, and its index. Set every field: the view still holds old bytes. The view is
   * valid only until `fill` returns, so `fill` must not be async
   * @returns how many were sent
   * @throws TypeError for a schema whose messages vary in length; SharedMemoryError `CLOSED`; any error that `fill` throws: the
   * messages before it are sent. If `fill` throws at index 1, message 0 is sent
   */
  fillBatch<Result>(count: number, fill: MessageHandler<[message: MessageView<S>, index: number], Result>): number {
    return this.#messages.fillBatch(count, fill)
  }

  /**
   * Claims room for a message. The caller writes the message in place, and then sends it with `commit` or gives the room back with
   * `abort`. Never blocks. Allocates nothing for layouts. Set every field: the view still holds old bytes.
   *
   * @param length bytes; may be left out for a schema of fixed length
   * @returns the message's view, valid until `commit` or `abort`; undefined if there is no room now, or if a send is queued
   * @throws SharedMemoryError `CLOSED`; RangeError for a length that no message of this schema and stream can have; TypeError
   * while another claim is open, or if messages vary in length and `length` is left out
   */
  claim(length?: number): MessageView<S> | undefined {
    return this.#messages.claim(length)
  }

  /**
   * Same as `claim`, for one kind of message of a union.
   *
   * @param kind the name of the union's member
   * @param length bytes of that member; may be left out if they are always the same
   * @throws as `claim`; TypeError if the schema is not a union with that member
   */
  claimMember<Kind extends MemberKind<S>>(kind: Kind, length?: number): MemberView<S, Kind> | undefined {
    return this.#messages.claimMember(kind, length)
  }

  /**
   * Sends the claimed message.
   *
   * @param length bytes, at most those claimed, which is the default
   * @throws SharedMemoryError `CLOSED`; TypeError if nothing is claimed; RangeError for a length above the claimed one, or one
   * that no message of this schema has
   */
  commit(length?: number): void {
    this.#messages.commit(length)
  }

  /** Gives the claimed room back: consumers see nothing of the claim. Does nothing if nothing is claimed. */
  abort(): void {
    this.#messages.abort()
  }

  /**
   * Waits until there is room for a message and no send is queued, so that `claim` or `fillBatch` can succeed. Does not block the
   * thread. Another send or claim may take the room before the caller does. With `overflow: 'overwrite'` there is always room.
   *
   * @returns false if `timeoutMs` have passed
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED`; RangeError for a length that no message can have;
   * TypeError if messages vary in length and `length` is left out
   */
  async ready(options: ReadyOptions = {}): Promise<boolean> {
    checkRoomOptions('ready', options)
    const { length, ...waitOptions } = options
    this.#participant.checkOpen()
    return this.#waits.wait(this.#messages.wholeLength(length), waitOptions)
  }

  /**
   * Same as `ready`, but blocks this thread.
   *
   * @returns false if the time has passed
   * @throws as `ready`; TypeError while a `send`, `ready`, `flush` or `consumersReady` is pending: that call could never finish
   */
  readySync(options: Omit<ReadyOptions, 'signal'> = {}): boolean {
    checkSyncRoomOptions('readySync', options)
    const { timeoutMs = Infinity, length } = options
    this.#participant.checkOpen()
    return this.#waits.waitSync(this.#messages.wholeLength(length), timeoutMs)
  }

  /**
   * Waits until every live consumer has received all messages that were sent. Does not block the thread. Waits for no consumer if
   * none is live, or with `overflow: 'overwrite'`.
   *
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED`, `TIMED_OUT`, `CORRUPT`
   */
  async flush(options?: StreamWaitOptions): Promise<void> {
    checkWaitOptions('flush', options)
    try {
      if (!(await this.#waits.turns.take(options, (rest) => this.#flushInTurn(rest)))) {
        throw this.#timedOut('not all messages were taken', options)
      }
      this.#participant.checkOpen()
    } catch (error) {
      throw this.#participant.channel.explain(error)
    }
  }

  /**
   * Waits until at least `count` consumers live and have opened the stream: they get all messages that are sent from then on.
   * Consumers with `access: 'read'` are not counted.
   *
   * @param count 1 by default
   * @returns false if `timeoutMs` have passed
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED`; TypeError or RangeError for a count above
   * `maxConsumers`, or below 1
   */
  async consumersReady(count = 1, options?: StreamWaitOptions): Promise<boolean> {
    this.#participant.checkOpen()
    checkWaitOptions('consumersReady', options)
    checkWholeNumber(1, this.#participant.channel.header.maxConsumers)('count', count)
    return this.#readyConsumers.wait(count, options)
  }

  /** Makes waits keep the process running. This is the default. */
  ref(): this {
    this.#participant.setRef(true)
    return this
  }

  /** Lets the process end while only this producer waits. */
  unref(): this {
    this.#participant.setRef(false)
    return this
  }

  /**
   * Ends this producer: consumers get the remaining messages, and then the end if this was the last producer. A second call does
   * nothing.
   *
   * @throws TypeError in the callback of `fillBatch`, and in a getter of a value while the value is written
   */
  close(): void {
    this.#messages.checkNotWriting()
    this.#participant.close(() => {
      this.#messages.close()
      this.#slot.close()
      this.#consumers.ringSleepers()
    })
  }

  /** Same as `close()`, for `using`. */
  [dispose](): void {
    this.close()
  }

  /** What `console.log` shows: name, schema, lane, state, and how far the slowest consumer is behind. */
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect: Inspect): string {
    const { name, lane, closed } = this
    const facts = { name, schema: schemaName(this.#codec), lane, closed }
    const state = closed ? {} : { sent: this.sent, lag: unlessCorrupt(() => this.#lag.most) }
    return inspection('StreamWriter', { ...facts, ...state }, options, inspect)
  }

  #untilConsumersDo(isDone: () => boolean): WaitCondition {
    this.#lag.observe()
    return {
      isThere: () => this.closed || isDone(),
      watchPeers: this.#consumerWatch.watch,
      hasNewPeer: this.#consumerWatch.hasNew,
    }
  }

  async #sendInTurn(values: readonly MessageOf<S>[], options: StreamWaitOptions | undefined): Promise<void> {
    if (!(await this.#waits.send(values, options))) throw this.#timedOut('there was no room', options)
  }

  async #flushInTurn(options: StreamWaitOptions): Promise<boolean> {
    this.#participant.checkOpen()
    const { position } = this.#messages.room
    return this.#participant.waiter.wait(
      this.#untilConsumersDo(() => this.#slot.isTaken(position)),
      options,
    )
  }

  #timedOut(what: string, { timeoutMs }: StreamWaitOptions = {}): SharedMemoryError {
    const { channel } = this.#participant
    const lag = this.#lag.describe()
    const why =
      lag !== '' ? lag : channel.control.liveConsumers() === 0 ? 'it has no consumer' : 'no consumer is behind now'
    const remedy =
      'Let the consumers read, close the slow ones, or create the stream with a larger capacity or with overflow: "overwrite"'
    return channel.error('TIMED_OUT', `${what} within ${timeoutMs} ms: ${why}. ${remedy}.`)
  }
}

const sent = Promise.resolve()
