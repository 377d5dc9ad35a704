import type { StreamReader } from '@memlane/consumer'
import { isWhole, type Numbered } from './message.js'
import { within } from './time-limit.js'

/** A consumer that survives. It receives every message, sleeps while there is none, and remembers the numbers. */
export class Receiver implements Disposable {
  readonly reader: StreamReader<typeof Numbered>
  /** Resolves when the stream ends, and rejects if a message is wrong. */
  readonly over: Promise<void>
  readonly #lanes = new Map<number, number[]>()
  #onMessage: () => void = () => {}
  #disposed = false

  constructor(reader: StreamReader<typeof Numbered>) {
    this.reader = reader
    this.over = this.#receive()
    this.over.catch(() => {}) // `until` and the scenario get the error
  }

  /** The numbers that came on a lane. */
  on(lane: number): readonly number[] {
    return this.#lanes.get(lane) ?? []
  }

  /** Waits for the message of a lane with this number, or for a later one. Number 0 counts as received from the start. */
  async until(lane: number, number: number): Promise<void> {
    const arrival = new Promise<void>((resolve) => {
      this.#onMessage = () => {
        if ((this.on(lane).at(-1) ?? 0) >= number) resolve()
      }
      this.#onMessage()
    })
    const end = this.over.then(() => {
      if ((this.on(lane).at(-1) ?? 0) < number) throw new Error(`the stream ended before message ${number}`)
    })
    await within(`message ${number} of lane ${lane}`, Promise.race([arrival, end]))
  }

  /**
   * @param first the number of the first message that had to come
   * @throws Error if a message from `first` to `last` is missing or out of order, or if another message came
   */
  checkAll(lane: number, first: number, last: number): void {
    const wanted = Array.from({ length: last - first + 1 }, (_, index) => first + index)
    if (this.on(lane).join() === wanted.join()) return
    throw new Error(`lane ${lane}: got ${this.on(lane).join()}, and not ${first} to ${last}`)
  }

  /** Like checkAll, for a late consumer: the oldest messages may be missing, but at least `fewest` must have come. */
  checkLatest(lane: number, fewest: number, last: number): void {
    const numbers = this.on(lane)
    if (numbers.length < fewest) throw new Error(`lane ${lane}: got ${numbers.join()}, fewer than ${fewest}`)
    this.checkAll(lane, numbers[0] ?? last + 1, last)
  }

  /** Like checkLatest, for a stream that overwrites: each message that did not come must be counted as missed. */
  checkCounted(lane: number, fewest: number, last: number): void {
    const numbers = this.on(lane)
    const { missed } = this.reader
    const inOrder = numbers.every((number, index) => index === 0 || number > (numbers[index - 1] as number))
    const counted = numbers.length + missed
    const span = last + 1 - (numbers[0] ?? last + 1)
    if (inOrder && numbers.at(-1) === last && counted >= Math.max(fewest, span) && counted <= last) return
    throw new Error(`lane ${lane}: got ${numbers.join()} and missed ${missed}, and not ${fewest} to ${last} in all`)
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.reader.close()
  }

  async #receive(): Promise<void> {
    try {
      for await (const message of this.reader) {
        if (!isWhole(message)) throw new Error(`message ${message.number} of lane ${message.lane} is torn`)
        const numbers = this.#lanes.get(message.lane)
        if (numbers === undefined) this.#lanes.set(message.lane, [message.number])
        else numbers.push(message.number)
        this.#onMessage()
      }
    } catch (error) {
      if (!this.#disposed) throw error
    }
  }
}
