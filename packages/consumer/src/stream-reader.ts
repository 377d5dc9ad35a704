import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import {
  type Awaited,
  Bells,
  type ChannelOpenOptions,
  explain,
  Rounds,
  StreamChannel,
  type StreamWaitOptions,
  streamError,
  takeConsumerSeat,
  Waiter,
  type WaitStrategy,
} from '@memlane/channel'
import { Doorbell, Lease, SharedMemoryError, type WaitOptions } from '@memlane/core'
import type { Codec, MessageOf, MessageView, Schema } from '@memlane/protocol'
import {
  ConsumerSlot,
  codecOf,
  consumerNumber,
  maxMessageLength,
  outOfLine,
  producerNumber,
  SleepMark,
} from '@memlane/protocol/internal'
import { HeldCursor, type LaneCursor, OverwrittenCursor, wideStart } from './lane-cursor.js'

/**
 * Why a stream has ended: `closed` when the last producer closed, `lost` when it died without that. What it had sent has
 * been read before, in both cases.
 */
export type StreamEnd = 'closed' | 'lost'

export interface ReaderOptions {
  /** Where to begin: with what is sent from now on (default), or with the oldest message that is still held. */
  from?: 'now' | 'oldest'
  /** How `receive`, `for await` and the others wait. Default `adaptive`. */
  wait?: WaitStrategy
  /**
   * What ends the stream for this consumer: `lost` (default): that no producer is left, closed or dead; `closed`: that all
   * have closed, so that it waits for a dead one to come back; `never`: nothing, so that it waits for new ones too.
   */
  endOn?: 'lost' | 'closed' | 'never'
}

/** Messages from one lane before the next one's turn. */
const BURST = 64
/** Messages that `poll` handles by default before it returns. */
const POLL_LIMIT = 1024
const BATCH_LIMIT = 256
/** They take some 50 ns: as much as the rest of a poll, which a message that comes meanwhile need not wait for. */
const LOOKS_OF_SPIN = 32

/**
 * The reading side of a stream: one consumer, of all its lanes. With `overflow: 'wait'` it gets every message exactly once,
 * in each producer's order, and producers wait for it until it closes or dies; with `overflow: 'overwrite'` it is told by
 * `lost` what it missed.
 *
 * Iterating ends when the stream does (`end` tells why) and does not close the consumer; `using` does.
 */
export class StreamReader<S extends Schema> implements Disposable, AsyncIterable<MessageOf<S>> {
  readonly name: string
  readonly #channel: StreamChannel
  readonly #codec: Codec<MessageOf<S>, MessageView<S>>
  readonly #slot: ConsumerSlot | undefined
  readonly #bells: Bells | undefined
  readonly #waiter: Waiter
  readonly #rounds = new Rounds()
  readonly #endOn: 'lost' | 'closed' | 'never'
  /** Further looks of a `poll` that finds nothing in the only lane. */
  readonly #looks: number
  readonly #copy: ArrayBuffer | undefined
  readonly #awaited: Awaited
  /** One for each lane that was ever looked at. */
  readonly #allCursors: (LaneCursor<MessageView<S>> | undefined)[] = []
  /** Those that are looked at, in turn. */
  #cursors: LaneCursor<MessageView<S>>[] = []
  /** The only one of them, once it is known that nothing else has to be thought of: then `poll` has a shorter way. */
  #only: LaneCursor<MessageView<S>> | undefined
  #current: LaneCursor<MessageView<S>> | undefined
  #turn = 0
  #burst = 0
  /** Changes when a lane has become active: see StreamControl. */
  readonly #openings: Int32Array
  #seenOpenings = 0
  #seenActive = 0
  #seenActiveHigh = 0
  /** Some lane has been closed, and may still have messages. */
  #draining = false
  #end: StreamEnd | undefined
  #closed = false
  readonly #pollOutOfLine = outOfLine(this.#poll)
  readonly #lookAroundOutOfLine = outOfLine(this.#lookAround)

  /** @throws SharedMemoryError `FULL` when there is no slot, `CORRUPT` when a lane's records lead nowhere */
  constructor(channel: StreamChannel, codec: Codec<MessageOf<S>, MessageView<S>>, options: ReaderOptions = {}) {
    const { from = 'now', wait = 'adaptive', endOn = 'lost' } = options
    if (from !== 'now' && from !== 'oldest') {
      throw new TypeError(`from must be "now" or "oldest", not ${JSON.stringify(from)}`)
    }
    if (endOn !== 'lost' && endOn !== 'closed' && endOn !== 'never') {
      throw new TypeError(`endOn must be "lost", "closed" or "never", not ${JSON.stringify(endOn)}`)
    }
    const { control, header, memory } = channel
    this.#openings = control.openingsWord
    this.name = channel.name
    this.#channel = channel
    this.#codec = codec
    this.#endOn = endOn
    this.#looks = wait === 'spin' ? LOOKS_OF_SPIN : 0
    const overwritten = header.overflow === 'overwrite'
    if (memory.access === 'readwrite') {
      const { index } = takeConsumerSeat(channel)
      const bell = channel.keep(Doorbell.open(memory, consumerNumber(index)))
      this.#bells = Bells.ofProducers(channel)
      // Producers that sleep have to watch this consumer, or its death would leave them asleep; the first ring is for those who
      // watched a predecessor, whose bit goes here.
      if (!overwritten) this.#bells.ringSleepers()
      const slot = new ConsumerSlot(control, index)
      this.#slot = slot
      this.#waiter = new Waiter(wait, { bell, mark: SleepMark.ofConsumer(control, index) })
      if (!overwritten) {
        this.#explained(() => slot.join())
        this.#bells.ringSleepers()
      }
    } else {
      this.#waiter = new Waiter(wait, undefined)
    }
    if (overwritten) this.#copy = new ArrayBuffer(maxMessageLength(header.capacity))
    this.#awaited = { isThere: () => this.#isThere(), watchPeers: (bell) => this.#watchProducers(bell) }
    for (let producer = 0; producer < header.producers; producer++) {
      if (control.stateOf(producer) === 'unused') continue
      const cursor = this.#openCursor(producer, from)
      if (from === 'now') this.#explained(() => cursor.skipToEnd())
      this.#cursors.push(cursor)
    }
    this.#draining = true
  }

  get closed(): boolean {
    return this.#closed
  }

  /**
   * Why the stream has ended, once all that was sent has been read; `undefined` while it goes on. That producers have died
   * is found out by waiting: who only polls calls `readySync(0)` now and then.
   */
  get end(): StreamEnd | undefined {
    return this.#end
  }

  /** How many messages were overwritten before this consumer could read them. Always 0 with `overflow: 'wait'`. */
  get lost(): number {
    let lost = 0
    for (const cursor of this.#allCursors) lost += cursor?.lost ?? 0
    return lost
  }

  /**
   * How many producers live and have not closed. Asks the kernel: for people who watch, not for each message.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  get producers(): number {
    this.#checkOpen()
    const { control, header, memory } = this.#channel
    let count = 0
    for (let producer = 0; producer < header.producers; producer++) {
      if (control.stateOf(producer) === 'open' && Lease.isHeld(memory, producerNumber(producer))) count++
    }
    return count
  }

  /**
   * Counts the messages that are there and have not been received. Goes through all of them: for people who watch, not for
   * each message.
   *
   * @throws SharedMemoryError `CLOSED`, `CORRUPT`
   */
  lag(): number {
    this.#checkOpen()
    this.#lookForLanes()
    return this.#explained(() => this.#cursors.reduce((sum, cursor) => sum + cursor.count(), 0))
  }

  /**
   * Receives a message that is there. Never blocks.
   *
   * @returns a plain copy; undefined when there is none
   * @throws SharedMemoryError `CLOSED`, `CORRUPT`, `TOO_SHORT` for a message that the schema does not admit
   */
  tryReceive(): MessageOf<S> | undefined {
    if (this.#closed) throw this.#closedError()
    const cursor = this.#next()
    return cursor === undefined ? undefined : this.#decode(cursor)
  }

  /**
   * Receives a message, waiting for it. One call at a time.
   *
   * @returns undefined when the stream has ended (`end` tells why), or when `timeoutMs` have passed
   * @throws the signal's reason when it aborts; SharedMemoryError `CLOSED`, and as `tryReceive`
   */
  async receive(options?: StreamWaitOptions): Promise<MessageOf<S> | undefined> {
    const deadline = options?.timeoutMs === undefined ? Infinity : performance.now() + options.timeoutMs
    let left = options
    for (let again = false; ; again = true) {
      options?.signal?.throwIfAborted()
      const message = this.tryReceive()
      if (message !== undefined) {
        const round = this.#rounds.after(1)
        if (round !== undefined) await round
        return message
      }
      // What was there may have been overwritten before it was read: then there is nothing yet.
      if (again) {
        await this.#rounds.after(BURST)
        left = { ...options, timeoutMs: Math.max(0, deadline - performance.now()) }
        if (left.timeoutMs === 0) return undefined
      }
      this.#end = undefined // a producer may have come
      if (!this.#waiter.look(this.#awaited)) {
        await this.#waiter.wait(this.#awaited, left)
        this.#checkOpen()
      }
      if (!this.#hasMessage()) return undefined
    }
  }

  /**
   * Receives a message, blocking this thread until there is one: for worker threads and scripts.
   *
   * @param timeoutMs milliseconds, or Infinity (default)
   * @returns undefined when the stream has ended, or when the time has passed
   * @throws as `tryReceive`
   */
  receiveSync(timeoutMs = Infinity): MessageOf<S> | undefined {
    const deadline = performance.now() + timeoutMs
    let left = timeoutMs
    for (let again = false; ; again = true) {
      const message = this.tryReceive()
      // What was there may have been overwritten before it was read: then there is nothing yet.
      if (message !== undefined || (again && left === 0)) return message
      if (!this.readySync(left)) return undefined
      left = Math.max(0, deadline - performance.now())
    }
  }

  /**
   * Hands messages that are there to `handle`, each where it lies in memory: with `overflow: 'wait'` nothing is
   * copied, and nothing allocated for layouts of numbers. Never blocks. With
   * `wait: 'spin'`, of a stream that has one lane in use and does not overwrite, it looks for some 50 ns before it says that
   * nothing is there.
   *
   * @param handle gets each message's view, which is valid until it returns
   * @param limit the most messages to handle; 1024 by default. 1 where just one is expected, as in a conversation: that spares the
   *   look for the next
   * @returns how many were handled
   * @throws SharedMemoryError `CLOSED`, `CORRUPT`, `TOO_SHORT`; what `handle` throws: its message counts as received
   */
  poll(handle: (message: MessageView<S>) => void, limit: number = POLL_LIMIT): number {
    return this.#pollOutOfLine[0].call(this, handle, limit)
  }

  /** Out of line: what the caller may inline goes to what the caller does with messages. */
  #poll(handle: (message: MessageView<S>) => void, limit: number): number {
    const only = this.#only
    if (only === undefined || this.#openings[0] !== this.#seenOpenings) return this.#pollAll(handle, limit)
    let count: number
    try {
      count = only.drain(handle, limit, this.#looks)
    } catch (error) {
      throw explain(this.name, error)
    }
    if (count === 0) this.#lookAroundOutOfLine[0].call(this)
    return count
  }

  /** The only lane has nothing: others may have opened since, and this one may have closed. */
  #lookAround(): void {
    this.#lookForLanes()
    this.#foundNothing()
  }

  /** What `poll` does where there may be other lanes than one, or none. */
  #pollAll(handle: (message: MessageView<S>) => void, limit: number): number {
    if (this.#closed) throw this.#closedError()
    this.#burst = 0 // of a receive
    this.#lookForLanes()
    const count = this.#pollLanes(handle, limit)
    if (this.#closed) return count // by the handler
    if (count === 0) this.#foundNothing()
    if (this.#end === undefined && this.#cursors.length === 1) this.#only = this.#cursors[0]
    return count
  }

  /** Handles what is in the lanes that are looked at, in turn. */
  #pollLanes(handle: (message: MessageView<S>) => void, limit: number): number {
    const cursors = this.#cursors
    let count = 0
    let empty = 0
    while (count < limit && empty < cursors.length) {
      this.#turn = this.#turn + 1 < cursors.length ? this.#turn + 1 : 0
      const most = Math.min(BURST, limit - count)
      const handled = this.#drain(cursors[this.#turn] as LaneCursor<MessageView<S>>, handle, most)
      count += handled
      empty = handled < most ? empty + 1 : 0
    }
    return count
  }

  /**
   * Waits until there is a message: what `poll` needs.
   *
   * @returns false when the stream has ended, or when `timeoutMs` have passed
   * @throws as `receive`
   */
  async ready(options?: StreamWaitOptions): Promise<boolean> {
    this.#checkOpen()
    this.#end = undefined // a producer may have come
    await this.#waiter.wait(this.#awaited, options)
    this.#checkOpen()
    return this.#hasMessage()
  }

  /** As `ready`, blocking this thread. */
  readySync(timeoutMs = Infinity): boolean {
    this.#checkOpen()
    this.#end = undefined
    this.#waiter.waitSync(this.#awaited, timeoutMs)
    return this.#hasMessage()
  }

  /** Iterates over the messages until the stream ends, as `messages` does. */
  [Symbol.asyncIterator](): AsyncIterableIterator<MessageOf<S>> {
    return this.messages()
  }

  /** Iterates over the messages until the stream ends. Rejects with the signal's reason when it aborts. */
  messages(options?: { signal?: AbortSignal }): AsyncIterableIterator<MessageOf<S>> {
    return iterate(() => this.receive(options))
  }

  /**
   * Iterates over batches of messages, those that are there and at least one, until the stream ends. Rejects with the signal's
   * reason when it aborts.
   *
   * @param limit the most messages in a batch; 256 by default
   */
  batches(limit: number = BATCH_LIMIT, options?: { signal?: AbortSignal }): AsyncIterableIterator<MessageOf<S>[]> {
    if (!(limit >= 1)) throw new RangeError(`limit ${limit} is not a number from 1 on`)
    return iterate(async () => {
      const first = await this.receive(options)
      if (first === undefined) return undefined
      const batch = [first]
      while (batch.length < limit) {
        const message = this.tryReceive()
        if (message === undefined) break
        batch.push(message)
      }
      await this.#rounds.after(batch.length - 1)
      return batch
    })
  }

  /**
   * Makes a Node stream of the messages, in object mode. Destroying it does not close the consumer. Node takes null for the
   * end: a message that is null destroys it with a TypeError.
   */
  toReadable(): Readable {
    const over = new AbortController()
    const fill = async (readable: Readable) => {
      let message = await this.receive({ signal: over.signal })
      if (message === undefined) readable.push(null)
      // Nothing is waited for from here on: after the first push, Node may call again.
      while (message !== undefined) {
        if (message === null) throw new TypeError('a message that is null cannot go through a Readable')
        if (!readable.push(message)) break
        message = this.tryReceive()
      }
    }
    return new Readable({
      objectMode: true,
      read: function (this: Readable) {
        fill(this).catch((error) => {
          if (!over.signal.aborted) this.destroy(error)
        })
      },
      destroy(error, callback) {
        over.abort()
        callback(error)
      },
    })
  }

  /** Makes a web stream of the messages. Cancelling it does not close the consumer. */
  toReadableStream(): ReadableStream<MessageOf<S>> {
    const over = new AbortController()
    return new ReadableStream<MessageOf<S>>({
      pull: async (controller) => {
        const message = await this.receive({ signal: over.signal })
        if (message === undefined) controller.close()
        else controller.enqueue(message)
      },
      cancel: () => over.abort(),
    })
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

  /** Ends this consumer: producers do not wait for it any more. Again is a no-op. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#only = undefined
    for (const cursor of this.#allCursors) cursor?.stop()
    this.#slot?.leave()
    try {
      this.#bells?.ringSleepers()
    } finally {
      this.#channel.close()
      this.#waiter.wake()
    }
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Moves a cursor to the next message, wherever there is one. */
  #next(): LaneCursor<MessageView<S>> | undefined {
    const cursor = this.#current
    try {
      if (cursor !== undefined && this.#burst > 0) {
        this.#burst--
        if (cursor.next()) return cursor
      }
      return this.#nextLane()
    } catch (error) {
      throw explain(this.name, error)
    }
  }

  #drain(cursor: LaneCursor<MessageView<S>>, handle: (message: MessageView<S>) => void, limit: number): number {
    try {
      return cursor.drain(handle, limit, 0)
    } catch (error) {
      throw explain(this.name, error)
    }
  }

  #nextLane(): LaneCursor<MessageView<S>> | undefined {
    this.#lookForLanes()
    const cursors = this.#cursors
    for (let visited = 0; visited < cursors.length; visited++) {
      this.#turn = this.#turn + 1 < cursors.length ? this.#turn + 1 : 0
      const cursor = cursors[this.#turn] as LaneCursor<MessageView<S>>
      if (cursor.next()) {
        this.#current = cursor
        this.#burst = BURST
        return cursor
      }
    }
    this.#current = undefined
    this.#foundNothing()
    return undefined
  }

  /** Takes up lanes that have become active. Tells whether anything has changed. */
  #lookForLanes(): boolean {
    const { control } = this.#channel
    const openings = control.openings
    const active = control.activeMask(0)
    const activeHigh = control.activeMask(1)
    if (openings === this.#seenOpenings && active === this.#seenActive && activeHigh === this.#seenActiveHigh)
      return false
    this.#seenOpenings = openings
    this.#seenActive = active
    this.#seenActiveHigh = activeHigh
    this.#takeUpLanes()
    return true
  }

  #takeUpLanes(): void {
    this.#only = undefined
    this.#end = undefined // should a producer have come back
    const { control, header } = this.#channel
    // All that were ever used: a producer may have come, sent and closed since the last look.
    for (let producer = 0; producer < header.producers; producer++) {
      if (control.stateOf(producer) === 'unused') continue
      const cursor = this.#allCursors[producer] ?? this.#openCursor(producer, 'oldest', 0)
      if (!this.#cursors.includes(cursor)) this.#cursors.push(cursor)
    }
    this.#draining = true
  }

  /** @param first the number of the first message that counts, if it is known */
  #openCursor(producer: number, from: 'now' | 'oldest', first?: number): LaneCursor<MessageView<S>> {
    const { control } = this.#channel
    const lane = this.#channel.openLane(producer, 'read').buffer
    const { view } = this.#codec
    const cursor: LaneCursor<MessageView<S>> =
      this.#copy !== undefined
        ? new OverwrittenCursor(control, producer, lane, view, wideStart(control, producer, from), this.#copy, first)
        : new HeldCursor(control, producer, lane, view, this.#heldStart(producer, from), this.#release)
    this.#allCursors[producer] = cursor
    return cursor
  }

  #heldStart(producer: number, from: 'now' | 'oldest'): number {
    const { control } = this.#channel
    return from === 'now' ? control.recentEndOf(producer) : control.positionOf(this.#slot?.consumer ?? 0, producer)
  }

  readonly #release = (producer: number, position: number): void => {
    this.#slot?.release(producer, position)
    this.#bells?.ringSleepers()
  }

  /** Lanes that are closed and read to their end need no more looks; with the last of them goes the stream. */
  #foundNothing(): void {
    if (!this.#draining) return
    this.#only = undefined
    this.#cursors = this.#cursors.filter((cursor) => this.#wasActive(cursor) || cursor.ready())
    this.#draining = this.#cursors.some((cursor) => !this.#wasActive(cursor))
    if (this.#cursors.length === 0) this.#watchProducers(undefined)
  }

  /** As of the last look for lanes: should the lane have become active again since, the next look finds a change. */
  #wasActive({ producer }: LaneCursor<MessageView<S>>): boolean {
    return ((producer < 32 ? this.#seenActive : this.#seenActiveHigh) & (1 << (producer & 31))) !== 0
  }

  #hasMessage(): boolean {
    for (const cursor of this.#cursors) if (cursor.ready()) return true
    return false
  }

  #isThere(): boolean {
    if (this.#closed || this.#end !== undefined || this.#hasMessage()) return true
    return this.#lookForLanes() && (this.#hasMessage() || this.#watchProducers(undefined))
  }

  /** Looks who lives, and has the bell ring when one of them dies; should nobody be left, then the stream ends here. */
  #watchProducers(bell: Doorbell | undefined): boolean {
    const { control, header, memory } = this.#channel
    const { openings } = control
    let living = false
    let lost = false
    let used = false
    for (let producer = 0; producer < header.producers; producer++) {
      const state = control.stateOf(producer)
      if (state !== 'unused') used = true
      if (state !== 'open') continue
      const number = producerNumber(producer)
      // All are watched: one may die between its last message and the ring for it, while another lives and is silent.
      if (bell === undefined ? Lease.isHeld(memory, number) : bell.watch(number)) living = true
      else if (control.stateOf(producer) === 'open') lost = true // else it has closed meanwhile, and let go only then
      if (living && bell === undefined) return false
    }
    const end = lost ? 'lost' : 'closed'
    if (!used && bell !== undefined) return this.#watchFirst(bell)
    if (living || !used || this.#endOn === 'never' || (lost && this.#endOn === 'closed')) return false
    if (control.openings !== openings) return bell !== undefined // to a slot that was seen before another went: look again
    this.#lookForLanes()
    if (!this.#hasMessage()) {
      this.#end = end
      this.#only = undefined // so that whatever comes next looks for lanes first
      this.#current = undefined
    }
    return true
  }

  /** Nobody has opened a lane yet. Who is about to has rung already, and might die before it rings again. */
  #watchFirst(bell: Doorbell): boolean {
    const { control, header } = this.#channel
    let used = false
    for (let producer = 0; producer < header.producers; producer++) {
      bell.watch(producerNumber(producer))
      if (control.stateOf(producer) !== 'unused') used = true
    }
    return used
  }

  #decode(cursor: LaneCursor<MessageView<S>>): MessageOf<S> {
    return this.#explained(() => this.#codec.decode(cursor.data, cursor.offset, cursor.length))
  }

  #explained<T>(attempt: () => T): T {
    try {
      return attempt()
    } catch (error) {
      throw explain(this.name, error)
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw this.#closedError()
  }

  #closedError(): SharedMemoryError {
    return streamError('CLOSED', this.name, 'this consumer is closed.')
  }
}

function iterate<T>(next: () => Promise<T | undefined>): AsyncIterableIterator<T> {
  let over = false
  const iterator: AsyncIterableIterator<T> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      const value = over ? undefined : await next()
      return value === undefined ? { value, done: true } : { value, done: false }
    },
    async return() {
      over = true
      return { value: undefined, done: true }
    },
  }
  return iterator
}

export interface OpenStreamOptions extends ReaderOptions, Omit<ChannelOpenOptions, 'access'>, WaitOptions {
  /**
   * `readwrite` (default) takes a consumer slot, by which it is woken. `read` is for streams with `overflow: 'overwrite'`
   * whose memory this process may not write: it looks 200 times a second in place of sleeping. Such a stream is opened so
   * by itself when the system refuses the right to write.
   */
  access?: 'readwrite' | 'read'
}

/**
 * Becomes a consumer of a stream; waits for the stream to appear.
 *
 * @param schema what the messages are: the same layout or codec as the producer's
 * @throws the signal's reason when it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`, `FULL` when all
 * consumer slots are taken, `SCHEMA_MISMATCH`, `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT`, `ACCESS_DENIED`, and as
 * `SharedMemory.open`
 */
export async function openStream<S extends Schema>(
  name: string,
  schema: S,
  options: OpenStreamOptions = {},
): Promise<StreamReader<S>> {
  const codec = codecOf(schema)
  const { access, ...rest } = options
  try {
    return readerOver(await StreamChannel.waitFor(name, codec, { ...rest, access: access ?? 'readwrite' }), codec, rest)
  } catch (error) {
    const denied = error instanceof SharedMemoryError && error.code === 'ACCESS_DENIED'
    if (!denied || access !== undefined) throw error
    const channel = await StreamChannel.waitFor(name, codec, { ...rest, access: 'read' })
    if (channel.header.overflow === 'overwrite') return readerOver(channel, codec, rest)
    channel.close()
    throw error
  }
}

function readerOver<S extends Schema>(
  channel: StreamChannel,
  codec: Codec<MessageOf<S>, MessageView<S>>,
  options: ReaderOptions,
): StreamReader<S> {
  try {
    if (channel.memory.access === 'read' && channel.header.overflow === 'wait') {
      throw streamError(
        'ACCESS_DENIED',
        channel.name,
        'its producers wait for their consumers, which therefore must be able to write. Open it with access "readwrite".',
      )
    }
    return new StreamReader<S>(channel, codec, options)
  } catch (error) {
    channel.close()
    throw error
  }
}
