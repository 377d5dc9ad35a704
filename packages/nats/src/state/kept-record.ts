import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'

const { O_CREAT, O_RDWR } = constants

/**
 * A small record that survives a kill at any moment. Two files take turns, each with a checksum: a write that a kill cuts off leaves the
 * other file as it was. A crash of the machine may lose the last writes, because nothing waits for the disk.
 */
export class KeptRecord<T> {
  readonly #files: number[] = []
  #count = 0
  #newest: T | undefined

  /**
   * @param path the files are `path`.a and `path`.b
   * @throws Error of the file system
   */
  constructor(path: string) {
    const files = [`${path}.a`, `${path}.b`]
    for (const file of files) {
      try {
        this.#files.push(openSync(file, O_RDWR | O_CREAT, 0o600))
      } catch (error) {
        this.close()
        throw error
      }
    }
    for (const file of files) {
      const found = readEntry<T>(file)
      if (found === undefined || found.count <= this.#count) continue
      this.#count = found.count
      this.#newest = found.record
    }
  }

  /** The record that was written last; undefined if there is none. */
  get newest(): T | undefined {
    return this.#newest
  }

  /** Writes the record. Blocks for some microseconds. @throws Error of the file system */
  write(record: T): void {
    const text = JSON.stringify({ count: this.#count + 1, record } satisfies Entry<T>)
    const line = Buffer.from(`${checksum(text)} ${text}\n`)
    const file = this.#files[this.#count % this.#files.length] as number
    for (let done = 0; done < line.length; ) done += writeSync(file, line, done, line.length - done, done)
    this.#count++
    this.#newest = record
  }

  close(): void {
    for (const file of this.#files) closeSync(file)
  }
}

interface Entry<T> {
  /** Counts the writes: the higher of two files is the newer one. */
  readonly count: number
  readonly record: T
}

/** Reads a file whose end may be the rest of a longer, older entry. */
function readEntry<T>(file: string): Entry<T> | undefined {
  const [line = ''] = readFileSync(file, 'utf8').split('\n', 1)
  const text = line.slice(9)
  return text !== '' && line.startsWith(`${checksum(text)} `) ? JSON.parse(text) : undefined
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
