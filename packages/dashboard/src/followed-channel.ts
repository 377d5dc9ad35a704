import { clearInterval, now, setInterval } from '@memlane/core/internal'
import { openTail, type Tail, type TailMessage } from '@memlane/inspect'
import type { EventStream } from './event-stream.js'
import type { MessageRow } from './events.js'
import type { Trust } from './trust.js'
import { valueText } from './value-text.js'

const SEND_INTERVAL_MS = 250
/** A slot of a call is used again soon, so an observer that looks rarely misses calls. */
const CALL_INTERVAL_MS = 10
/** A person cannot read more at a time. */
const MAX_SHOWN = 20
/** Messages that a tail passes over at a time: the thread is blocked for some milliseconds. */
const MAX_PASSED = 16_384

/** Sends what goes through a channel to a page. Of many messages, it sends the first ones of each quarter of a second. */
export class FollowedChannel {
  readonly instance: string
  readonly #events: EventStream
  readonly #tail: Tail
  readonly #timer: ReturnType<typeof setInterval>
  #messages: MessageRow[] = []
  #skipped = 0
  #sendAt = 0

  /** @throws SharedMemoryError as `openTail` */
  constructor(name: string, instance: string, trustOwner: Trust, events: EventStream) {
    this.instance = instance
    this.#events = events
    this.#tail = openTail(name, { from: 'newest', trustOwner })
    const intervalMs = this.#tail.shape === 'call' ? CALL_INTERVAL_MS : SEND_INTERVAL_MS
    this.#timer = setInterval(() => this.#look(), intervalMs)
    this.#look()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#tail.close()
  }

  #look(): void {
    if (!this.#events.hasRoom) return
    const messages = this.#messages
    try {
      this.#tail.poll((message) => messages.push(rowOf(message)), MAX_SHOWN - messages.length)
      if (messages.length === MAX_SHOWN) this.#skipped += this.#tail.poll(() => {}, MAX_PASSED)
    } catch (error) {
      this.#events.send('problem', { message: (error as Error).message })
    }
    const { ended } = this.#tail
    if (ended !== undefined) {
      this.#send()
      this.close()
    } else if (messages.length > 0 && now() >= this.#sendAt) this.#send()
  }

  #send(): void {
    const { missed, ended: end } = this.#tail
    this.#events.send('messages', { messages: this.#messages, skipped: this.#skipped, missed, end })
    this.#messages = []
    this.#skipped = 0
    this.#sendAt = now() + SEND_INTERVAL_MS - CALL_INTERVAL_MS
  }
}

function rowOf(message: TailMessage): MessageRow {
  const { kind, producer, sequence, key, procedure, length } = message
  const text = valueText({ length, value: () => message.value, bytes: () => message.bytes() })
  return { kind, producer, sequence, about: procedure ?? key, text }
}
