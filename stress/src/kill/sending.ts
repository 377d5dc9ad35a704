import { setImmediate } from 'node:timers/promises'
import type { StreamWriter } from '@memlane/producer'
import { type Numbered, type NumberedMessage, numbered } from '@memlane/testing/numbered-message'
import { COUNT } from './progress.js'

/** Sends in every way, and writes to the progress what is committed. */
export class Sender {
  readonly #writer: StreamWriter<typeof Numbered>
  readonly #author: number
  readonly #counters: Int32Array
  readonly #lanes: Int32Array
  #own = 0

  constructor(writer: StreamWriter<typeof Numbered>, author: number, counters: Int32Array, lanes: Int32Array) {
    this.#writer = writer
    this.#author = author
    this.#counters = counters
    this.#lanes = lanes
  }

  async send(): Promise<void> {
    await this.#writer.send(this.#fresh())
    this.#sent()
  }

  /** Starts several sends that wait at the same time. */
  async sendAtOnce(): Promise<void> {
    const number = this.#writer.sent
    const sendings = Array.from({ length: 5 }, (_, index) => this.#writer.send(this.#fresh(index, number)))
    await Promise.all(sendings)
    this.#sent(sendings.length)
  }

  sendSync(): void {
    this.#writer.sendSync(this.#fresh())
    this.#sent()
  }

  async trySend(): Promise<void> {
    if (!this.#writer.trySend(this.#fresh())) return setImmediate()
    this.#sent()
  }

  async sendBatch(): Promise<void> {
    const number = this.#writer.sent
    const batch = Array.from({ length: 20 }, (_, index) => this.#fresh(index, number))
    await this.#writer.sendBatch(batch)
    this.#sent(batch.length)
  }

  async fillBatch(): Promise<void> {
    const number = this.#writer.sent
    const count = this.#writer.fillBatch(20, (view, index) => Object.assign(view, this.#fresh(index, number)))
    if (count === 0) await this.#writer.ready()
    else this.#sent(count)
  }

  claim(): void {
    const view = this.#writer.claim()
    if (view === undefined) {
      this.#writer.readySync()
      return
    }
    Object.assign(view, this.#fresh())
    this.#writer.commit()
    this.#sent()
  }

  /** Writes into a claim that is aborted. No consumer may ever see it. */
  async abort(): Promise<void> {
    const view = this.#writer.claim()
    if (view === undefined) return setImmediate()
    Object.assign(view, this.#fresh(1000), { checksum: 0 })
    this.#writer.abort()
  }

  /** Waits until every consumer has received every message. */
  async flush(): Promise<void> {
    await this.send()
    await this.#writer.flush()
  }

  #fresh(ahead = 0, number = this.#writer.sent): NumberedMessage {
    return numbered(this.#author, this.#own + ahead, this.#writer.lane, number + ahead)
  }

  #sent(count = 1): void {
    this.#own += count
    Atomics.store(this.#counters, COUNT, this.#own)
    Atomics.store(this.#lanes, this.#writer.lane, this.#writer.sent)
  }
}

export const sendings = [
  'send',
  'sendAtOnce',
  'sendSync',
  'trySend',
  'sendBatch',
  'fillBatch',
  'claim',
  'abort',
  'flush',
] as const satisfies readonly (keyof Sender)[]
