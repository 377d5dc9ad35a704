/**
 * Messages that a lane may have got before a kill, while another producer may have used the lane since. The lane got a first part of
 * them, in order, and then nothing or messages of the other producer: so the bytes tell.
 */
export class SentBefore {
  readonly #sequences: Set<number>
  readonly #found: readonly Uint8Array[]
  #count = 0

  /**
   * @param sequences the messages in question, by their numbers in JetStream
   * @param found what lies in the lane from there on
   */
  constructor(sequences: readonly number[], found: readonly Uint8Array[]) {
    this.#sequences = new Set(sequences)
    this.#found = found
  }

  /** Tells whether the lane has this message. Ask for each in order. */
  has(sequence: number, message: Uint8Array): boolean {
    if (!this.#sequences.has(sequence)) return false
    const found = this.#found[this.#count]
    if (found !== undefined && Buffer.compare(found, message) === 0) {
      this.#count++
      return true
    }
    this.#sequences.clear()
    return false
  }
}
