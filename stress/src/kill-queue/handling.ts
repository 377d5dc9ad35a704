import { setTimeout } from 'node:timers/promises'
import type { Delivery, QueueReader } from '@memlane/consumer'
import { steadyNow } from '@memlane/core/internal'
import { isWhole, type Numbered, type NumberedMessage } from '@memlane/testing/numbered-message'
import { oneOf, type Random } from '@memlane/testing/random'
import { TORN } from '../kill/ledger.js'
import type { QueueLedger } from './ledger.js'

type Reader = QueueReader<typeof Numbered>

/** How often a handler gives its message back, or rejects it, instead of acknowledging it. */
const RETRIES = 0.03
const REJECTIONS = 0.005
/** How often a handler takes some time: some consumers are fast, and some usually hold a message when they are killed. */
const PAUSES = [0.02, 0.5] as const
const PAUSE_MS = 8

const pauseWord = new Int32Array(new SharedArrayBuffer(4))

/** One consumer's handling of messages. It notes in the ledger what it does with each, before it does it. */
export class Handling {
  readonly #ledger: QueueLedger
  readonly #me: number
  readonly #random: Random
  readonly #pauses: number

  constructor(ledger: QueueLedger, me: number, random: Random) {
    this.#ledger = ledger
    this.#me = me
    this.#random = random
    this.#pauses = oneOf(random, PAUSES)
  }

  /** How many milliseconds a handler takes; usually 0. */
  pauseMs(): number {
    return this.#random() < this.#pauses ? this.#random() * PAUSE_MS : 0
  }

  /** Takes some time, and blocks the thread. */
  work(): void {
    const time = this.pauseMs()
    if (time > 0) Atomics.wait(pauseWord, 0, 0, time)
  }

  begin(message: NumberedMessage): void {
    if (!isWhole(message)) {
      console.error(`participant ${this.#me} got a torn message: ${JSON.stringify(message)}`)
      Atomics.add(this.#ledger.counters(this.#me), TORN, 1)
      return
    }
    this.#ledger.start(message.author, message.own, this.#me, steadyNow())
  }

  /** Ends a delivery in one of the ways. */
  settle(delivery: Delivery<typeof Numbered>): void {
    const { author, own } = delivery.value
    const choice = this.#random()
    if (choice < RETRIES) {
      this.#ledger.giveBack(author, own)
      delivery.retry({ delayMs: this.#random() < 0.5 ? 0 : Math.floor(this.#random() * 20) })
    } else if (choice < RETRIES + REJECTIONS) {
      this.#ledger.reject(author, own)
      delivery.reject('at random')
    } else {
      this.#ledger.intend(author, own)
      delivery.ack()
      this.#ledger.done(author, own)
    }
  }

  async handle(delivery: Delivery<typeof Numbered>): Promise<void> {
    this.begin(delivery.value)
    const pause = this.pauseMs()
    if (pause > 0) await setTimeout(pause)
    this.settle(delivery)
  }

  /** Handles messages in place. Their acknowledgements follow when the handler returns. */
  poll(reader: Reader): number {
    let last: NumberedMessage | undefined
    const finish = () => {
      if (last !== undefined) this.#ledger.done(last.author, last.own)
    }
    const count = reader.poll((view) => {
      finish()
      last = { ...view }
      this.begin(last)
      this.work()
      this.#ledger.intend(last.author, last.own)
    }, 100)
    finish()
    return count
  }
}

/** The ways of taking messages, until the reader is closed or `isOver`. */
export const takings = {
  async take(reader: Reader, handling: Handling, isOver: () => boolean) {
    while (!isOver()) {
      const delivery = await reader.take({ timeoutMs: 50 })
      if (delivery !== undefined) await handling.handle(delivery)
    }
  },
  async takeSync(reader: Reader, handling: Handling, isOver: () => boolean) {
    while (!isOver()) {
      const delivery = reader.takeSync({ timeoutMs: 50 })
      if (delivery === undefined) continue
      handling.begin(delivery.value)
      handling.work()
      handling.settle(delivery)
    }
  },
  async several(reader: Reader, handling: Handling, isOver: () => boolean) {
    while (!isOver()) {
      const held: Delivery<typeof Numbered>[] = []
      while (held.length < 5) {
        const delivery = reader.tryTake()
        if (delivery === undefined) break
        handling.begin(delivery.value)
        held.push(delivery)
      }
      if (held.length > 0) await setTimeout(handling.pauseMs())
      for (const delivery of held.reverse()) handling.settle(delivery)
      if (held.length === 0) await reader.ready({ timeoutMs: 50 })
    }
  },
  async poll(reader: Reader, handling: Handling, isOver: () => boolean) {
    while (!isOver()) if (handling.poll(reader) === 0) await reader.ready({ timeoutMs: 50 })
  },
  async pollSync(reader: Reader, handling: Handling, isOver: () => boolean) {
    while (!isOver()) if (handling.poll(reader) === 0) reader.readySync({ timeoutMs: 50 })
  },
  async process(reader: Reader, handling: Handling, isOver: () => boolean) {
    const stop = new AbortController()
    const processing = reader.process((delivery) => handling.handle(delivery), { concurrency: 4, signal: stop.signal })
    while (!isOver()) await setTimeout(20)
    stop.abort()
    await processing
  },
}

export type Taking = keyof typeof takings
