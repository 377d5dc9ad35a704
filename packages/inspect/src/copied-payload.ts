import { copyWords } from '@memlane/protocol/internal'

const FIRST_LENGTH = 4096

/** Private memory to which one payload after another is copied. Grows as payloads need it. */
export class CopiedPayload {
  data: DataView<ArrayBuffer>
  length = 0
  #words: Int32Array<ArrayBuffer>

  constructor() {
    this.#words = new Int32Array(FIRST_LENGTH / 4)
    this.data = new DataView(this.#words.buffer)
  }

  /** Copies `length` bytes. `offset` is a multiple of 4, in bytes from the start of `words`. */
  copyFrom(words: Int32Array, offset: number, length: number): void {
    if (length > this.data.byteLength) {
      this.#words = new Int32Array(2 ** Math.ceil(Math.log2(length)) / 4)
      this.data = new DataView(this.#words.buffer)
    }
    copyWords(words, offset, length, this.#words)
    this.length = length
  }
}
