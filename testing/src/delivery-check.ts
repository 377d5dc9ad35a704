import { isWhole, type NumberedMessage } from './numbered-message.js'

/** What one consumer has received from one producer: the first and the last of that producer's own numbers. */
export type Span = [first: number, last: number]

/** Checks the messages that one consumer receives: each lane and each producer must be whole and in order. */
export class DeliveryCheck {
  readonly authors: Record<number, Span> = {}
  count = 0
  readonly #next = new Map<number, number>()

  /** @throws Error if the message is torn, or is not the next one of its lane and of its producer */
  add(message: NumberedMessage): void {
    const { author, own, lane, number } = message
    const where = `message ${number} of lane ${lane} (${own} of producer ${author})`
    if (!isWhole(message)) throw new Error(`${where} is torn: ${JSON.stringify(message)}`)
    const expected = this.#next.get(lane)
    if (expected !== undefined && expected !== number) throw new Error(`${where} came instead of ${expected}`)
    this.#next.set(lane, number + 1)
    const span = this.authors[author]
    if (span === undefined) this.authors[author] = [own, own]
    else if (span[1] + 1 !== own) throw new Error(`${where} came after ${span[1]}`)
    else span[1] = own
    this.count++
  }
}
