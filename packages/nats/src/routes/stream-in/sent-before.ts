import { sequencesIn } from './sequence-runs.js'
import type { IntendedPart } from './stream-position.js'

/**
 * Messages that a lane may have got before a kill, while another producer may have used the lane since. The lane got a first part of
 * them, in order, and then nothing or messages of the other producer: so the bytes tell.
 */
export class SentBefore {
  /** The part of a batch in question. */
  readonly part: IntendedPart
  readonly #sequences: Set<number>
  readonly #found: readonly Uint8Array[]
  #count = 0

  /**
   * @param found what lies in the lane from there on
   */
  constructor(part: IntendedPart, found: readonly Uint8Array[]) {
    this.part = part
    this.#sequences = new Set(sequencesIn(part.sequences))
    this.#found = found
  }

  /** True once it is known of each message. */
  get isOver(): boolean {
    return this.#count >= this.#sequences.size
  }

  /** Tells whether the lane has this message. Ask for each in order. */
  has(sequence: number, message: Uint8Array): boolean {
    const found = this.#found[this.#count]
    if (this.#sequences.has(sequence) && found !== undefined && Buffer.compare(found, message) === 0) {
      this.#count++
      return true
    }
    this.#sequences.clear()
    return false
  }
}
