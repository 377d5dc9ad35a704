import { extname } from 'node:path'

/** Numbers the files of one recording: `run.mcap` becomes `run-0001.mcap`, `run-0002.mcap`, … */
export class FileSequence {
  readonly #path: string
  readonly #isNumbered: boolean
  #last = 0

  constructor(path: string, isNumbered: boolean) {
    this.#path = path
    this.#isNumbered = isNumbered
  }

  /** Returns the path of the next file. */
  next(): string {
    this.#last++
    if (!this.#isNumbered) return this.#path
    const extension = extname(this.#path)
    const stem = extension === '' ? this.#path : this.#path.slice(0, -extension.length)
    return `${stem}-${String(this.#last).padStart(4, '0')}${extension}`
  }
}
