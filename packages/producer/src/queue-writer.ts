import {
  Bells,
  CoarseClock,
  checkRoomOptions,
  checkSyncRoomOptions,
  checkSyncWaitOptions,
  checkWaitOptions,
  countConsumers,
  type Inspect,
  inspection,
  type MemberKind,
  type MemberView,
  type MessageHandler,
  MessageWriter,
  Participant,
  type QueueChannel,
  roundIfDue,
  type StreamWaitOptions,
  type SyncWaitOptions,
  schemaName,
  type WaitCondition,
  WaitingSends,
  type WaitStrategy,
} from '@memlane/channel'
import type { Doorbell, SharedMemoryError } from '@memlane/core'
import { dispose, steadyNow } from '@memlane/core/internal'
import type { CodecOf, MessageOf, MessageView, QueueFigures, Schema } from '@memlane/protocol'
import {
  DEAD,
  figuresOf,
  forEachBit,
  isSettled,
  ProducerPlace,
  type QueueControl,
  SlotWriter,
} from '@memlane/protocol/internal'
import type { ReadyOptions } from './stream-writer.js'

const TOO_LONG = 'Create the queue with a larger maxMessageLength, or send the message in parts.'

/**
 * The sending side of a queue: one producer, with slots of its own. Each message goes to one consumer, and stays in its slot until that
 * consumer has acknowledged it. First deliveries of one producer's messages come in order.
 *
 * `close()` ends the producer. What it has sent stays in the queue, also if its process dies. The next producer
 * continues in its slots.
 */
export class QueueWriter<S extends Schema> implements Disposable {
  readonly name: string
  /** The longest message, in bytes. */
  readonly maxMessageLength: number
  readonly #participant: Participant<QueueChannel>
  readonly #place: ProducerPlace
  readonly #control: QueueControl
  readonly #codec: CodecOf<S>
  readonly #messages: MessageWriter<MessageOf<S>, MessageView<S>, SlotWriter>
  readonly #consumers: Bells
  readonly #waits: WaitingSends<MessageOf<S>>

  /** @param place the producer place that this process has claimed */
  constructor(channel: QueueChannel, codec: CodecOf<S>, place: number, waitStrategy?: WaitStrategy) {
    const { control } = channel
    this.#participant = new Participant(channel, control.producers, place, waitStrategy)
    this.#control = control
    this.#codec = codec
    this.#place = new ProducerPlace(control, place)
    this.#consumers = Bells.of(channel, control.consumers)
    this.#consumers.ringSleepers() // they must watch this producer from now on
    const slots = new SlotWriter(control, place, new CoarseClock().now, TOO_LONG)
    this.#messages = new MessageWriter(this.#participant, slots, codec, this.#consumers, () => this.#dropDead())
    const near = { isThere: () => this.closed || slots.hasRoomNear() }
    this.#waits = new WaitingSends(this.#participant, this.#messages, codec, (length) => {
      const hasRoom = () => slots.hasRoom(length) || (slots.hasSeen(DEAD) && control.mayDropDead(place))
      return { ...this.#untilConsumersDo(hasRoom), quick: near }
    })
    this.name = channel.name
    this.maxMessageLength = control.maxMessageLength
  }

  get closed(): boolean {
    return this.#participant.closed
  }

  /**
   * How many consumers live. Asks the kernel: for monitoring, not for each message.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  get consumers(): number {
    this.#participant.checkOpen()
    return countConsumers(this.#participant.channel)
  }

  /** How many messages were sent from this place, those of earlier producers included. Wraps at 2^32. */
  get sent(): number {
    return this.#messages.room.position >>> 0
  }

  /**
   * Counts what the queue holds: ready, taken, delayed, and dead messages, of all producers. Looks at all slots: for monitoring, not
   * for each message.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  stats(): QueueFigures {
    this.#participant.checkOpen()
    return figuresOf(this.#control, steadyNow())
  }

  /**
   * Sends a message. Never blocks.
   *
   * @returns false if no slot is free now, or if a send is queued
   * @throws SharedMemoryError `CLOSED`; TypeError or RangeError for a value that does not fit the schema, or a message that is
   * longer than `maxMessageLength`
   */
  trySend(value: MessageOf<S>): boolean {
    return this.#messages.trySend(value)
  }

  /**
   * Sends a message. Waits for a free slot without blocking the thread. Several calls send in the order of the calls. It resolves when
   * the message is in the queue; `flush` waits until it is processed.
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
   * Sends a message, blocking this thread until a slot is free: for worker threads and scripts.
   *
   * @param options `timeoutMs`: milliseconds, or Infinity (default)
   * @returns false if the time has passed
   * @throws as `trySend`; TypeError while a `send`, `ready` or `flush` is pending: that call could never finish
   */
  sendSync(value: MessageOf<S>, options?: SyncWaitOptions): boolean {
    checkSyncWaitOptions('sendSync', options)
    if (this.trySend(value)) return true
    return this.#waits.sendSync(value, options?.timeoutMs ?? Infinity)
  }

  /**
   * Sends as many of these messages as there are free slots, from the first on. They become visible together, by one store. Never
   * blocks.
   *
   * @param first the index to begin with, a whole number from 0 on
   * @returns how many were sent
   * @throws as `trySend`; the messages before the wrong value have then been sent. TypeError or RangeError for a wrong `first`
   */
  trySendBatch(values: readonly MessageOf<S>[], first = 0): number {
    return this.#messages.trySendBatch(values, first)
  }

  /**
   * Sends all of these messages. Waits for free slots without blocking the thread. Messages that find slots together become visible
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
   * Sends up to `count` messages that `fill` writes in place. They become visible together. Never blocks, allocates nothing. For
   * schemas of fixed length.
   *
   * @param fill gets the view of each message, and its index. Set every field: the view still holds old bytes. The view is
   * valid only until `fill` returns, so `fill` must not be async
   * @returns how many were sent
   * @throws TypeError for a schema whose messages vary in length; SharedMemoryError `CLOSED`; any error that `fill` throws: the
   * messages before it are sent
   */
  fillBatch<Result>(count: number, fill: MessageHandler<[message: MessageView<S>, index: number], Result>): number {
    return this.#messages.fillBatch(count, fill)
  }

  /**
   * Claims a slot for a message. The caller writes the message in place, and then sends it with `commit` or gives the slot back with
   * `abort`. Never blocks. Allocates nothing for layouts. Set every field: the view still holds old bytes.
   *
   * @param length bytes; may be left out for a schema of fixed length
   * @returns the message's view, valid until `commit` or `abort`; undefined if no slot is free now, or if a send is queued
   * @throws SharedMemoryError `CLOSED`; RangeError for a length that no message of this schema and queue can have; TypeError while
   * another claim is open, or if messages vary in length and `length` is left out
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

  /** Gives the claimed slot back: consumers see nothing of the claim. Does nothing if nothing is claimed. */
  abort(): void {
    this.#messages.abort()
  }

  /**
   * Waits until a slot is free and no send is queued, so that `claim` or `fillBatch` can succeed. Does not block the thread.
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
   * @throws as `ready`; TypeError while a `send`, `ready` or `flush` is pending: that call could never finish
   */
  readySync(options: Omit<ReadyOptions, 'signal'> = {}): boolean {
    checkSyncRoomOptions('readySync', options)
    const { timeoutMs = Infinity, length } = options
    this.#participant.checkOpen()
    return this.#waits.waitSync(this.#messages.wholeLength(length), timeoutMs)
  }

  /**
   * Waits until every message that was sent from this place is acknowledged, or set aside as a dead letter. Does not block the
   * thread. Without a consumer it waits for one.
   *
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED`, `TIMED_OUT`
   */
  async flush(options?: StreamWaitOptions): Promise<void> {
    checkWaitOptions('flush', options)
    if (!(await this.#waits.turns.take(options, (rest) => this.#flushInTurn(rest)))) {
      throw this.#timedOut('not all messages were acknowledged', options)
    }
    this.#participant.checkOpen()
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
   * Ends this producer. What it has sent stays in the queue, as long as another participant keeps the queue: call `flush` first to wait
   * until it is processed. A second call does nothing.
   *
   * @throws TypeError in the callback of `fillBatch`, and in a getter of a value while the value is written
   */
  close(): void {
    this.#messages.checkNotWriting()
    this.#participant.close(() => {
      this.#messages.close()
      this.#place.close()
      this.#consumers.ringSleepers()
    })
  }

  /** Same as `close()`, for `using`. */
  [dispose](): void {
    this.close()
  }

  /** What `console.log` shows: name, schema, state, and what the queue holds. */
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect: Inspect): string {
    const { name, closed } = this
    const state = closed ? {} : { sent: this.sent, ...this.stats() }
    return inspection('QueueWriter', { name, schema: schemaName(this.#codec), closed, ...state }, options, inspect)
  }

  /** Gives up a dead letter, if there are more than this producer keeps. Called when no slot was free. */
  #dropDead(): boolean {
    if (!this.#messages.room.hasSeen(DEAD) || !this.#control.dropDead(this.#place.producer)) return false
    this.#place.countDropped()
    return true
  }

  #untilConsumersDo(isDone: () => boolean): WaitCondition {
    return { isThere: () => this.closed || isDone(), watchPeers: this.#watchConsumers }
  }

  /** Another consumer cleans up after a dead one. So its death says nothing yet, except that this producer must watch again. */
  readonly #watchConsumers = (bell: Doorbell | undefined): boolean => {
    const { consumers } = this.#control
    forEachBit(this.#control.liveConsumers(), (consumer) => bell?.watch(consumers.numberOf(consumer)))
    return false
  }

  async #sendInTurn(values: readonly MessageOf<S>[], options: StreamWaitOptions | undefined): Promise<void> {
    if (!(await this.#waits.send(values, options))) throw this.#timedOut('no slot became free', options)
  }

  async #flushInTurn(options: StreamWaitOptions): Promise<boolean> {
    this.#participant.checkOpen()
    const { room } = this.#messages
    const { position } = room
    const isFlushed = () => !room.holdsBefore(position, isSettled)
    return this.#participant.waiter.wait(this.#untilConsumersDo(isFlushed), options)
  }

  #timedOut(what: string, { timeoutMs }: StreamWaitOptions = {}): SharedMemoryError {
    const { ready, taken, delayed, dead } = this.stats()
    const { capacity } = this.#control.header
    return this.#participant.channel.error(
      'TIMED_OUT',
      `${what} within ${timeoutMs} ms: the queue has ${ready} ready, ${taken} taken, ${delayed} delayed and ${dead} dead messages. ` +
        `Start more consumers, or create the queue with a capacity above ${capacity}.`,
    )
  }
}

const sent = Promise.resolve()
