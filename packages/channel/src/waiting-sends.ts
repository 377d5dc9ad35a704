import type { Codec } from '@memlane/protocol'
import type { AnyChannel } from './channel.js'
import { deadlineAfter, timeLeft } from './deadline.js'
import type { MessageWriter } from './message-writer.js'
import type { Participant } from './participant.js'
import { Turns } from './turns.js'
import type { WaitCondition } from './wait-condition.js'
import type { StreamWaitOptions } from './waiter.js'

/** What it needs of a producer's MessageWriter. */
type Messages<Message> = Pick<
  // biome-ignore lint/suspicious/noExplicitAny: the views and the room do not matter here
  MessageWriter<Message, any, any>,
  'queue' | 'unqueue' | 'hasQueued' | 'trySend' | 'sendQueued'
>

/** The calls of a producer that wait for room, one at a time, in the order of the calls. The same for streams and queues. */
export class WaitingSends<Message> {
  readonly turns = new Turns()
  readonly #participant: Participant<AnyChannel>
  readonly #messages: Messages<Message>
  readonly #codec: Pick<Codec<Message>, 'measure'>
  readonly #untilRoom: (length: number) => WaitCondition

  /** @param untilRoom makes the condition that is true when there is room for a message of that length */
  constructor(
    participant: Participant<AnyChannel>,
    messages: Messages<Message>,
    codec: Pick<Codec<Message>, 'measure'>,
    untilRoom: (length: number) => WaitCondition,
  ) {
    this.#participant = participant
    this.#messages = messages
    this.#codec = codec
    this.#untilRoom = untilRoom
  }

  /**
   * Sends messages when all earlier calls have ended and there is room. Until then, no other message can be sent.
   *
   * @returns false if `timeoutMs` have passed; some messages may have been sent then
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED`; and as `MessageWriter.sendQueued`
   */
  async send(values: readonly Message[], options?: StreamWaitOptions): Promise<boolean> {
    this.#messages.queue()
    try {
      return await this.turns.take(options, (rest) => this.#sendNow(values, rest))
    } finally {
      this.#messages.unqueue()
    }
  }

  async #sendNow(values: readonly Message[], { signal, timeoutMs }: StreamWaitOptions): Promise<boolean> {
    const deadline = deadlineAfter(timeoutMs)
    for (let done = 0; done < values.length; ) {
      const length = this.#codec.measure(values[done] as Message)
      const left = { ...(signal && { signal }), timeoutMs: timeLeft(deadline) }
      if (!(await this.#participant.waiter.wait(this.#roomFor(length), left))) return false
      this.#participant.checkOpen()
      done += this.#messages.sendQueued(values, done)
    }
    return true
  }

  /**
   * Sends a message, blocking this thread until there is room.
   *
   * @returns false if the time has passed
   * @throws as `waitSync`, and as `MessageWriter.trySend`
   */
  sendSync(value: Message, timeoutMs: number): boolean {
    const length = this.#codec.measure(value)
    const deadline = deadlineAfter(timeoutMs)
    for (let left = timeoutMs; this.waitSync(length, left); left = timeLeft(deadline)) {
      if (this.#messages.trySend(value)) return true
    }
    return false
  }

  /**
   * Waits until there is room and no send is queued.
   *
   * @returns false if `timeoutMs` have passed
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED`
   */
  async wait(length: number, options: StreamWaitOptions): Promise<boolean> {
    const room = this.#roomFor(length)
    const deadline = deadlineAfter(options.timeoutMs)
    let rest = options
    do {
      const found = await this.turns.take(rest, (left) => this.#participant.waiter.wait(room, left))
      this.#participant.checkOpen()
      if (!found) return false
      rest = { ...options, timeoutMs: timeLeft(deadline) }
    } while (this.#messages.hasQueued)
    return true
  }

  /**
   * Blocks this thread until there is room.
   *
   * @returns false if the time has passed
   * @throws SharedMemoryError `CLOSED`; TypeError while another call waits: it could never finish
   */
  waitSync(length: number, timeoutMs: number): boolean {
    if (this.turns.busy) {
      const message =
        'cannot block: a call of this producer that waits, such as send or flush, would never finish. Await it first'
      throw new TypeError(message)
    }
    return this.#participant.waiter.waitSync(this.#roomFor(length), timeoutMs)
  }

  #roomFor(length: number): WaitCondition {
    this.#participant.checkOpen() // a getter of the value that was measured may have closed the producer
    return this.#untilRoom(length)
  }
}
