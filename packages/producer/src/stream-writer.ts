import {
  Bells,
  type ChannelOpenOptions,
  type CreateChannelOptions,
  evictIfDead,
  explain,
  Rounds,
  StreamChannel,
  type StreamWaitOptions,
  streamError,
  takeProducerSeat,
  Waiter,
  type WaitStrategy,
} from '@memlane/channel'
import { Doorbell, SharedMemoryError, type WaitOptions } from '@memlane/core'
import type { Codec, Members, MessageOf, MessageView, PayloadView, Schema, UnionCodec } from '@memlane/protocol'
import {
  codecOf,
  consumerNumber,
  forEachBit,
  type LaneWriter,
  outOfLine,
  ProducerSlot,
  producerNumber,
  SleepMark,
  UNION_HEADER_LENGTH,
} from '@memlane/protocol/internal'

interface WriterOptions {
  /** How `send`, `sendBatch`, `flush`, `ready`, `sendSync` and `readySync` wait. Default `adaptive`. */
  wait?: WaitStrategy
}

/** The kinds of message of a union. */
export type MemberKind<S> = S extends UnionCodec<infer M> ? keyof M & string : never

/** What shows a message of one kind of a union in place. */
export type MemberView<S, Kind> = S extends UnionCodec<infer M> ? MessageView<M[Kind & keyof M]> : never

/** While its lane is full, a producer asks the kernel at most so often who of the consumers lives. */
const EVICTION_INTERVAL_MS = 10

/**
 * The writing side of a stream: one producer, with a lane of its own. Messages of one producer arrive in order; those of
 * several are merged as they come. A message is visible whole or not at all.
 *
 * It ends by `close()`: consumers then get what is left, and the end. A producer whose process ends without it is *lost*:
 * consumers are told, and the next producer goes on in its lane behind its last whole message.
 */
export class StreamWriter<S extends Schema> implements Disposable {
  readonly name: string
  /** The number of the lane, which the next producer can ask for. */
  readonly lane: number
  /** The longest message, in bytes: somewhat less than half of the capacity. */
  readonly maxMessageLength: number
  readonly #channel: StreamChannel
  readonly #slot: ProducerSlot
  readonly #bells: Bells
  /** Those of the producers. */
  readonly #otherBells: Bells
  readonly #waiter: Waiter
  readonly #rounds = new Rounds()
  readonly #codec: Codec<MessageOf<S>, MessageView<S>>
  readonly #lane: LaneWriter
  /** The lane, unless the producer is closed or somebody waits in `send`: then nobody may go before. */
  #free: LaneWriter | undefined
  /** The same, where all messages have the same length. */
  #direct: LaneWriter | undefined
  readonly #data: DataView
  readonly #view: PayloadView<MessageView<S>>
  readonly #fixedLength: number | undefined
  #closed = false
  #nextEviction = 0
  /** Consumers whose end rings the bell, as of the last sleep. */
  #watched = 0
  /** The last of those who wait: one after the other, in the order in which they came. */
  #lastInTurn: Promise<void> = sent
  #turns = 0
  #sendsWaiting = 0
  /** Bytes before the claimed payload that are not the caller's. */
  #claimedHeader = 0
  readonly #claimAnewOutOfLine = outOfLine(this.#claimAnew)
  readonly #ringOutOfLine = outOfLine(Bells.prototype.ringSleepers)

  /** @throws SharedMemoryError `FULL` when there is no slot, `CORRUPT` when the lane's records lead nowhere */
  constructor(channel: StreamChannel, codec: Codec<MessageOf<S>, MessageView<S>>, options: JoinOptions = {}) {
    const seat = takeProducerSeat(channel, options.lane)
    const bell = channel.keep(Doorbell.open(channel.memory, producerNumber(seat.index)))
    this.#waiter = new Waiter(options.wait ?? 'adaptive', {
      bell,
      mark: SleepMark.ofProducer(channel.control, seat.index),
    })
    const memory = channel.openLane(seat.index, 'readwrite')
    this.#bells = Bells.ofConsumers(channel)
    this.#otherBells = Bells.ofProducers(channel)
    this.#bells.ringSleepers() // who waits for the first producer has to watch this one: its death would leave them asleep
    try {
      this.#slot = new ProducerSlot(channel.control, seat.index, memory.buffer)
    } catch (error) {
      throw explain(channel.name, error)
    }
    this.name = channel.name
    this.lane = seat.index
    this.#channel = channel
    this.#codec = codec
    this.#lane = this.#slot.lane
    this.#data = this.#lane.data
    this.#view = codec.view(this.#data)
    this.#fixedLength = codec.fixedLength
    this.#setFree(this.#lane)
    this.maxMessageLength = this.#lane.maxMessageLength
    this.#bells.ringSleepers() // who waits for a producer
  }

  get closed(): boolean {
    return this.#closed
  }

  /** How many consumers there are that hold producers back. */
  get consumers(): number {
    this.#checkOpen()
    let count = 0
    forEachBit(this.#channel.control.liveConsumers(), () => count++)
    return count
  }

  /** How many messages this lane has carried, earlier producers' included; wraps at 2^32. */
  get sent(): number {
    return this.#lane.sequence >>> 0
  }

  /**
   * Sends a message. Never blocks.
   *
   * @returns false when there is no room now, or when somebody else waits for it in `send`
   * @throws SharedMemoryError `CLOSED`; TypeError or RangeError for a value that the schema does not admit, or a message that
   * is too long for the stream
   */
  trySend(value: MessageOf<S>): boolean {
    if (this.#free === undefined) return this.#mayGo()
    if (!this.#put(value)) return false
    this.#bells.ringSleepers()
    return true
  }

  /**
   * Sends a message, waiting for room. Several calls send in their order.
   *
   * @throws the signal's reason when it aborts; SharedMemoryError `CLOSED`, `TIMED_OUT`; and as `trySend`
   */
  send(value: MessageOf<S>, options?: StreamWaitOptions): Promise<void> {
    try {
      options?.signal?.throwIfAborted()
      if (this.trySend(value)) return this.#rounds.after(1) ?? sent
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#sendInTurn([value], options)
  }

  /**
   * Sends a message, blocking this thread until there is room: for worker threads and scripts.
   *
   * @param timeoutMs milliseconds, or Infinity (default)
   * @returns false when the time has passed
   * @throws as `trySend`; TypeError while somebody else waits in `send`, `ready` or `flush`, whose turn would never come
   */
  sendSync(value: MessageOf<S>, timeoutMs = Infinity): boolean {
    if (this.trySend(value)) return true
    const length = this.#codec.measure(value)
    const deadline = performance.now() + timeoutMs
    for (let left = timeoutMs; this.#waitSync(length, left); left = Math.max(0, deadline - performance.now())) {
      if (this.trySend(value)) return true
    }
    return false
  }

  /**
   * Sends as many of these messages, from the first on, as there is room for. They become visible together, by one store.
   * Never blocks.
   *
   * @param first the index to begin with
   * @returns how many were sent
   * @throws as `trySend`; what was before the wrong value is sent
   */
  trySendBatch(values: readonly MessageOf<S>[], first = 0): number {
    if (!this.#mayGo()) return 0
    try {
      return this.#putBatch(values, first)
    } finally {
      this.#bells.ringSleepers()
    }
  }

  /**
   * Sends all of these messages, waiting for room; those that find room together become visible together.
   *
   * @throws as `send`; then some may have been sent
   */
  sendBatch(values: readonly MessageOf<S>[], options?: StreamWaitOptions): Promise<void> {
    let done: number
    try {
      options?.signal?.throwIfAborted()
      done = this.trySendBatch(values)
    } catch (error) {
      return Promise.reject(error)
    }
    if (done === values.length) return this.#rounds.after(done) ?? sent
    return this.#sendInTurn(values.slice(done), options)
  }

  /**
   * Sends up to `count` messages that are written in place: `fill` gets each one's view, with whatever bytes were there
   * before. They become visible together. Never blocks, allocates nothing. For schemas of fixed length.
   *
   * @returns how many were sent
   * @throws TypeError for a schema whose messages vary in length; SharedMemoryError `CLOSED`; what `fill` throws: what was
   * filled before is sent
   */
  fillBatch(count: number, fill: (message: MessageView<S>, index: number) => void): number {
    const length = this.#fixedLength
    if (length === undefined) throw variableLength()
    if (!this.#mayGo()) return 0
    try {
      return this.#fill(count, length, this.#view, fill)
    } finally {
      this.#bells.ringSleepers()
    }
  }

  /**
   * Takes room for a message that is then written in place, and sent by `commit` or given back by `abort`. Never blocks;
   * allocates nothing for layouts. The bytes are those that were there before.
   *
   * @param length bytes; may be left out for a schema of fixed length
   * @returns the message's view, valid until `commit` or `abort`; undefined when there is no room now, or somebody waits for it
   * in `send`
   * @throws SharedMemoryError `CLOSED`; RangeError for a length above `maxMessageLength`; TypeError while another claim is open
   */
  claim(length?: number): MessageView<S> | undefined {
    const lane = this.#direct
    if (length === undefined && lane !== undefined) {
      const offset = lane.claimSame()
      if (offset !== -1) return this.#view.at(offset, this.#fixedLength as number)
    }
    return this.#claimAnewOutOfLine[0].call(this, length)
  }

  /**
   * As `claim`, for one kind of message of a union.
   *
   * @param kind the name of the union's member
   * @param length bytes of that member; may be left out where they are always the same
   */
  claimMember<Kind extends MemberKind<S>>(kind: Kind, length?: number): MemberView<S, Kind> | undefined {
    const union = this.#codec as unknown as UnionCodec<Members>
    const member = union.members?.[kind]
    if (member === undefined) throw new TypeError(`the schema is no union with a member ${JSON.stringify(kind)}`)
    const memberLength = length ?? member.fixedLength
    if (memberLength === undefined) throw variableLength()
    if (!this.#mayGo()) return undefined
    const offset = this.#claim(UNION_HEADER_LENGTH + memberLength)
    if (offset === -1) return undefined
    this.#claimedHeader = UNION_HEADER_LENGTH
    union.select(this.#data, offset, kind)
    const view = member.view(this.#data) as PayloadView<MemberView<S, Kind>>
    return this.#show(view, offset + UNION_HEADER_LENGTH, memberLength)
  }

  /**
   * Sends the message that was claimed.
   *
   * @param length bytes, at most those claimed, which is the default
   * @throws SharedMemoryError `CLOSED`; TypeError when nothing is claimed; RangeError for a length above what was claimed, or
   * another than all messages have
   */
  commit(length?: number): void {
    const lane = this.#free
    if (lane === undefined || length !== undefined) {
      this.#commitOther(length)
      return
    }
    if (lane.commit()) this.#ringOutOfLine[0].call(this.#bells)
  }

  /** Gives the claimed room back: nobody sees anything of it. A no-op when nothing is claimed. */
  abort(): void {
    this.#lane.abort()
  }

  /**
   * Waits until there is room for a message, and nobody waits in `send`: what `claim` and `fillBatch` need. Those who send or
   * claim after that may be quicker than the caller. With `overflow: 'overwrite'`, there is always room.
   *
   * @param options `length`: bytes of the message, of a union its member's; may be left out for a schema of fixed length
   * @returns false when `timeoutMs` have passed
   * @throws the signal's reason when it aborts; SharedMemoryError `CLOSED`; RangeError for a length that no message can have;
   * TypeError where the length varies and is left out
   */
  async ready({ length, ...options }: StreamWaitOptions & { length?: number } = {}): Promise<boolean> {
    this.#checkOpen()
    const room = this.#roomFor(this.#lengthInLane(length))
    const deadline = performance.now() + (options.timeoutMs ?? Infinity)
    let rest: StreamWaitOptions = options
    do {
      const found = await this.#inTurn(rest, (left) => this.#waiter.wait(room, left))
      this.#checkOpen()
      if (!found) return false
      rest = { ...options, timeoutMs: Math.max(0, deadline - performance.now()) }
    } while (this.#sendsWaiting !== 0)
    await this.#rounds.after(1)
    return true
  }

  /**
   * As `ready`, blocking this thread.
   *
   * @param timeoutMs milliseconds, or Infinity (default)
   * @param length as for `ready`
   * @returns false when the time has passed
   * @throws as `ready`; TypeError while somebody waits in `send`, `ready` or `flush`, whose turn would never come
   */
  readySync(timeoutMs = Infinity, length?: number): boolean {
    this.#checkOpen()
    return this.#waitSync(this.#lengthInLane(length), timeoutMs)
  }

  /**
   * Waits until every consumer that there is has taken all that was sent. With `overflow: 'overwrite'`, nobody is waited for.
   *
   * @throws the signal's reason when it aborts; SharedMemoryError `CLOSED`, `TIMED_OUT`, `CORRUPT`
   */
  async flush(options?: StreamWaitOptions): Promise<void> {
    try {
      if (!(await this.#inTurn(options, (rest) => this.#flushWaiting(rest)))) throw this.#timedOut()
      this.#checkOpen()
    } catch (error) {
      throw explain(this.name, error)
    }
  }

  /** Whether waiting keeps the process running: it does, unless `unref()` was called. */
  ref(): this {
    if (!this.#closed) this.#waiter.setRef(true)
    return this
  }

  unref(): this {
    if (!this.#closed) this.#waiter.setRef(false)
    return this
  }

  /** Ends this producer: consumers get what is left, and then the end if it was the last one. Again is a no-op. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#setFree(undefined)
    this.#lane.abort()
    this.#slot.close()
    try {
      this.#bells.ringSleepers()
    } finally {
      this.#channel.close()
      this.#waiter.wake()
    }
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #setFree(lane: LaneWriter | undefined): void {
    this.#free = lane
    this.#direct = this.#fixedLength === undefined ? undefined : lane
  }

  /** Whether nobody waits who came before. */
  #mayGo(): boolean {
    this.#checkOpen()
    return this.#sendsWaiting === 0
  }

  #put(value: MessageOf<S>): boolean {
    const offset = this.#claim(this.#codec.measure(value))
    if (offset === -1) return false
    let length = -1
    try {
      length = this.#codec.encode(this.#data, offset, value)
    } finally {
      if (length === -1) this.#lane.abort()
    }
    this.#lane.commit(length)
    return true
  }

  #putBatch(values: readonly MessageOf<S>[], first: number): number {
    const lane = this.#lane
    const length = this.#fixedLength
    if (length !== undefined) {
      const codec = this.#codec
      const data = this.#data
      const put = (offset: number, index: number) => {
        const value = values[index] as MessageOf<S>
        codec.measure(value)
        codec.encode(data, offset, value)
      }
      return this.#fill(values.length - first, length, OFFSETS, put, first)
    }
    let index = first
    if (index >= values.length) return 0
    lane.beginBatch()
    try {
      while (index < values.length && this.#put(values[index] as MessageOf<S>)) index++
    } finally {
      lane.endBatch()
    }
    return index - first
  }

  #fill<View>(
    count: number,
    length: number,
    view: PayloadView<View>,
    each: (message: View, index: number) => void,
    first = 0,
  ): number {
    const done = this.#lane.fill(count, length, view, each, first)
    if (done >= count || !this.#evictDead()) return done
    return done + this.#lane.fill(count - done, length, view, each, first + done)
  }

  #claim(length: number): number {
    const offset = this.#lane.claim(length)
    return offset === -1 && this.#evictDead() ? this.#lane.claim(length) : offset
  }

  /** What `claim` does where there may be something to wait for, or to refuse. */
  #claimAnew(length = this.#fixedLength): MessageView<S> | undefined {
    const mayGo = this.#mayGo()
    if (length === undefined) throw variableLength()
    if (length !== (this.#fixedLength ?? length)) throw wrongLength(length)
    this.#claimedHeader = 0
    const offset = mayGo ? this.#claim(length) : -1
    return offset === -1 ? undefined : this.#show(this.#view, offset, length)
  }

  #show<View>(view: PayloadView<View>, offset: number, length: number): View {
    try {
      return view.at(offset, length)
    } catch (error) {
      this.abort() // of a length that no such message has, or of a kind that is not written in place
      throw error
    }
  }

  #commitOther(length: number | undefined): void {
    this.#checkOpen()
    if (length !== undefined && (length < 0 || length !== (this.#fixedLength ?? length))) throw wrongLength(length)
    this.#lane.commit(length === undefined ? undefined : length + this.#claimedHeader)
    this.#bells.ringSleepers()
  }

  /** Tells whether any of the consumers was found dead. */
  #evictDead(): boolean {
    const now = performance.now()
    if (now < this.#nextEviction) return false
    this.#nextEviction = now + EVICTION_INTERVAL_MS
    let evicted = false
    forEachBit(this.#channel.control.liveConsumers(), (consumer) => {
      if (evictIfDead(this.#channel, consumer, this.#otherBells)) evicted = true
    })
    return evicted
  }

  readonly #watchConsumers = (bell: Doorbell | undefined): boolean => {
    let dead = false
    this.#watched = this.#channel.control.liveConsumers()
    forEachBit(this.#watched, (consumer) => {
      if (bell?.watch(consumerNumber(consumer))) return
      if (evictIfDead(this.#channel, consumer, this.#otherBells)) dead = true
      else bell?.ring() // somebody else is removing it, or is joining there: look again soon, with nothing watched
    })
    return dead
  }

  readonly #hasNewConsumer = (): boolean => {
    return !this.#closed && (this.#channel.control.liveConsumers() & ~this.#watched) !== 0
  }

  #roomFor(length: number) {
    return {
      isThere: () => this.#closed || this.#lane.hasRoom(length),
      watchPeers: this.#watchConsumers,
      hasNewPeer: this.#hasNewConsumer,
    }
  }

  #waitSync(length: number, timeoutMs: number): boolean {
    if (this.#turns !== 0)
      throw new TypeError('somebody waits in send, ready or flush: blocking the thread would be without end')
    return this.#waiter.waitSync(this.#roomFor(length), timeoutMs)
  }

  /** What a message takes in the lane, given the length that `claim` or `claimMember` gets. */
  #lengthInLane(length = this.#fixedLength): number {
    if (length === undefined) throw variableLength()
    if (length !== (this.#fixedLength ?? length)) throw wrongLength(length)
    const inLane = 'members' in this.#codec ? UNION_HEADER_LENGTH + length : length
    this.#lane.checkLength(inLane)
    return inLane
  }

  async #sendWaiting(
    values: readonly MessageOf<S>[],
    { signal, timeoutMs = Infinity }: StreamWaitOptions,
  ): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    for (let done = 0; done < values.length; ) {
      const length = this.#codec.measure(values[done] as MessageOf<S>)
      const left = { ...(signal && { signal }), timeoutMs: Math.max(0, deadline - performance.now()) }
      if (!(await this.#waiter.wait(this.#roomFor(length), left))) return false
      this.#checkOpen()
      try {
        done += this.#putBatch(values, done)
      } finally {
        this.#bells.ringSleepers()
      }
    }
    return true
  }

  async #flushWaiting(options: StreamWaitOptions): Promise<boolean> {
    this.#checkOpen()
    const { position } = this.#lane
    const taken = {
      isThere: () => this.#closed || this.#slot.isTaken(position),
      watchPeers: this.#watchConsumers,
      hasNewPeer: this.#hasNewConsumer,
    }
    return this.#waiter.wait(taken, options)
  }

  async #sendInTurn(values: readonly MessageOf<S>[], options: StreamWaitOptions | undefined): Promise<void> {
    this.#sendsWaiting++
    this.#setFree(undefined)
    try {
      if (!(await this.#inTurn(options, (rest) => this.#sendWaiting(values, rest)))) throw this.#timedOut()
    } finally {
      if (--this.#sendsWaiting === 0 && !this.#closed) this.#setFree(this.#lane)
    }
  }

  /** Does a task when those who came before have done theirs; false when the time passes before that, or in it. */
  async #inTurn(
    options: StreamWaitOptions = {},
    task: (rest: StreamWaitOptions) => Promise<boolean>,
  ): Promise<boolean> {
    const { signal, timeoutMs = Infinity } = options
    signal?.throwIfAborted()
    if (!(timeoutMs >= 0)) throw new RangeError(`timeoutMs ${timeoutMs} is not a number from 0 on`)
    const deadline = performance.now() + timeoutMs
    let done = () => {}
    const mine = new Promise<void>((resolve) => {
      done = resolve
    })
    const before = this.#lastInTurn
    this.#lastInTurn = before.then(() => mine)
    this.#turns++
    try {
      if (!(await settledInTime(before, options))) return false
      return await task({ ...(signal && { signal }), timeoutMs: Math.max(0, deadline - performance.now()) })
    } finally {
      this.#turns--
      done() // the next one's turn comes, whatever became of this one
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw this.#closedError()
  }

  #closedError(): SharedMemoryError {
    return streamError('CLOSED', this.name, 'this producer is closed.')
  }

  #timedOut(): SharedMemoryError {
    return streamError('TIMED_OUT', this.name, 'consumers have not taken enough messages; the time has passed.')
  }
}

/**
 * Waits for those who came before. They keep the process running, if anything does.
 *
 * @returns false when `timeoutMs` have passed
 * @throws the signal's reason when it aborts
 */
async function settledInTime(before: Promise<void>, { signal, timeoutMs = Infinity }: StreamWaitOptions) {
  if (signal === undefined && timeoutMs === Infinity) {
    await before
    return true
  }
  let timer: NodeJS.Timeout | undefined
  let abort: (() => void) | undefined
  try {
    return await new Promise<boolean>((resolve, reject) => {
      before.then(() => resolve(true))
      if (timeoutMs !== Infinity) timer = setTimeout(() => resolve(false), timeoutMs).unref()
      abort = () => reject(signal?.reason)
      signal?.addEventListener('abort', abort)
    })
  } finally {
    clearTimeout(timer)
    if (abort !== undefined) signal?.removeEventListener('abort', abort)
  }
}

const OFFSETS: PayloadView<number> = { at: (offset) => offset }

const sent = Promise.resolve()

function wrongLength(length: number): RangeError {
  return new RangeError(`length ${length} is not one that a message of this schema has`)
}

function variableLength(): TypeError {
  return new TypeError('messages of this schema vary in length: say how many bytes')
}

export interface JoinOptions extends WriterOptions {
  /** Takes this lane, in place of the first that is free. */
  lane?: number
}

export interface CreateStreamOptions extends CreateChannelOptions, JoinOptions, Pick<ChannelOpenOptions, 'trustOwner'> {
  /** What to do when somebody holds memory of that name: fail with `ALREADY_EXISTS` (default), or join its stream. */
  existing?: 'refuse' | 'join'
}

/**
 * Creates a stream, and becomes its first producer. It lives until its last producer and consumer have closed.
 *
 * With `existing: 'join'` the dimensions of a stream that is there already are those it was created with.
 *
 * @param schema what the messages are: a layout (struct) or a codec
 * @throws SharedMemoryError as `SharedMemory.create`; with `existing: 'join'` also as `joinStream`
 * @throws RangeError for dimensions that no stream can have, or messages that are too long for them
 */
export function createStream<S extends Schema>(
  name: string,
  schema: S,
  options: CreateStreamOptions = {},
): StreamWriter<S> {
  const { existing = 'refuse', lane, wait, trustOwner, ...channelOptions } = options
  if (existing !== 'refuse' && existing !== 'join') {
    throw new TypeError(`existing must be "refuse" or "join", not ${JSON.stringify(existing)}`)
  }
  const codec = codecOf(schema)
  const joinOptions = { ...(lane !== undefined && { lane }), ...(wait !== undefined && { wait }) }
  for (;;) {
    try {
      return writerOver(StreamChannel.create(name, codec, channelOptions), codec, joinOptions)
    } catch (error) {
      if (existing !== 'join' || !isCode(error, 'ALREADY_EXISTS')) throw error
    }
    try {
      return writerOver(StreamChannel.open(name, codec, { trustOwner: trustOwner ?? false }), codec, joinOptions)
    } catch (error) {
      if (!isCode(error, 'NOT_FOUND')) throw error // else it has just gone
    }
  }
}

export interface JoinStreamOptions extends JoinOptions, Omit<ChannelOpenOptions, 'access'>, WaitOptions {}

/**
 * Becomes one more producer of a stream; waits for the stream to appear. Takes up the lane of a producer that died, if there
 * is one, behind its last whole message.
 *
 * @throws the signal's reason when it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`, `FULL` when all
 * producer slots are taken, `SCHEMA_MISMATCH`, `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT`, and as `SharedMemory.open`
 */
export async function joinStream<S extends Schema>(
  name: string,
  schema: S,
  options: JoinStreamOptions = {},
): Promise<StreamWriter<S>> {
  const codec = codecOf(schema)
  return writerOver(await StreamChannel.waitFor(name, codec, options), codec, options)
}

function writerOver<S extends Schema>(
  channel: StreamChannel,
  codec: Codec<MessageOf<S>, MessageView<S>>,
  options: JoinOptions,
): StreamWriter<S> {
  try {
    return new StreamWriter<S>(channel, codec, options)
  } catch (error) {
    channel.close()
    throw error
  }
}

function isCode(error: unknown, code: SharedMemoryError['code']): boolean {
  return error instanceof SharedMemoryError && error.code === code
}
