import { isWhole, type ParcelValue } from './parcel.js'

/** How many wrong messages are told one by one. */
const SHOWN = 20

/** A message that came again, or too late. */
interface Wrong {
  readonly kind: 'duplicated' | 'disordered'
  readonly author: number
  readonly own: number
  /** What this author's next message should have been. */
  readonly next: number
  /** Steady time of its arrival, in ms. */
  readonly atMs: number
}

/** What one receiver has got of all messages. */
export interface ReceiptsReport {
  readonly received: number
  /** Messages that never came. */
  readonly lost: number
  readonly duplicated: number
  /** Messages that came after a later one of the same producer. */
  readonly disordered: number
  readonly torn: number
  /** Where the gaps begin: the number of a producer, and that of its message. */
  readonly gaps: readonly (readonly [author: number, own: number])[]
  /** The first of the others. */
  readonly wrong: readonly Wrong[]
  /** From the producer to here, in ms. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number }
}

/** Accounts for each message of each producer. */
export class Receipts {
  readonly #perAuthor: number
  readonly #seen: Uint8Array
  readonly #next: Uint32Array
  readonly #latencies: Float64Array
  readonly #wrong: Wrong[] = []
  #received = 0
  #duplicated = 0
  #disordered = 0
  #torn = 0

  constructor(authors: number, perAuthor: number) {
    this.#perAuthor = perAuthor
    this.#seen = new Uint8Array(authors * perAuthor)
    this.#next = new Uint32Array(authors)
    this.#latencies = new Float64Array(authors * perAuthor)
  }

  /** How many different messages came. */
  get received(): number {
    return this.#received
  }

  get isComplete(): boolean {
    return this.#received === this.#seen.length
  }

  /** @returns true if the message came for the first time */
  add(message: ParcelValue, now: number): boolean {
    const { author, own, sentMs } = message
    if (!isWhole(message) || author >= this.#next.length || own >= this.#perAuthor) {
      this.#torn++
      return false
    }
    const index = author * this.#perAuthor + own
    const next = this.#next[author] as number
    if (own >= next) this.#next[author] = own + 1
    if (this.#seen[index] === 1) {
      this.#duplicated++
      this.#note({ kind: 'duplicated', author, own, next, atMs: now })
      return false
    }
    if (own < next) {
      this.#disordered++
      this.#note({ kind: 'disordered', author, own, next, atMs: now })
    }
    this.#seen[index] = 1
    this.#latencies[this.#received++] = now - sentMs
    return true
  }

  #gaps(): [author: number, own: number][] {
    const gaps: [number, number][] = []
    for (let index = 0; index < this.#seen.length && gaps.length < SHOWN; index++) {
      const own = index % this.#perAuthor
      if (this.#seen[index] === 1 || (own > 0 && this.#seen[index - 1] === 0)) continue
      gaps.push([Math.floor(index / this.#perAuthor), own])
    }
    return gaps
  }

  #note(wrong: Wrong): void {
    if (this.#wrong.length < SHOWN) this.#wrong.push(wrong)
  }

  report(): ReceiptsReport {
    const sorted = this.#latencies.slice(0, this.#received).sort()
    const at = (share: number) => Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 10) / 10
    return {
      received: this.#received,
      lost: this.#seen.length - this.#received,
      duplicated: this.#duplicated,
      disordered: this.#disordered,
      torn: this.#torn,
      gaps: this.#gaps(),
      wrong: this.#wrong,
      latencyMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
    }
  }
}
