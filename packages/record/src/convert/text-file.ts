import { type FileHandle, open } from 'node:fs/promises'

const BLOCK_LENGTH = 2 ** 18

/** Writes text into a new file, in large blocks. */
export class TextFile {
  readonly #file: FileHandle
  #text = ''

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** @throws the error of the system, such as `EEXIST` */
  static async create(path: string): Promise<TextFile> {
    return new TextFile(await open(path, 'wx'))
  }

  /** Adds a line. Await the result if there is one. */
  add(line: string): Promise<void> | undefined {
    this.#text += `${line}\n`
    return this.#text.length < BLOCK_LENGTH ? undefined : this.#write()
  }

  async end(): Promise<void> {
    try {
      await this.#write()
    } finally {
      await this.#file.close()
    }
  }

  async #write(): Promise<void> {
    const text = this.#text
    this.#text = ''
    await this.#file.appendFile(text)
  }
}
