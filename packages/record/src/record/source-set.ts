import { SharedMemory, SharedMemoryError } from '@memlane/core'
import type { TailOptions } from '@memlane/inspect'
import type { Encoding } from '../encode/message-encoding.js'
import { MemorySource } from './memory-source.js'
import { isPattern, namePattern } from './name-pattern.js'

/** Where to begin in a memory. */
export type RecordStart = NonNullable<TailOptions['from']>

/** The memories that are recorded: those with the names given, and those that a pattern finds. They may come and go. */
export class SourceSet {
  readonly #plainNames: readonly string[]
  readonly #matches: readonly ((name: string) => boolean)[]
  readonly #encoding: Encoding
  readonly #options: Pick<TailOptions, 'trustOwner'>
  readonly #from: RecordStart | undefined
  readonly #open = new Map<string, MemorySource>()
  /** The memory of each name that was let go of, or that cannot be recorded. */
  readonly #done = new Map<string, string>()
  #isFirstScan = true

  constructor(
    names: readonly string[],
    encoding: Encoding,
    from: RecordStart | undefined,
    options: Pick<TailOptions, 'trustOwner'>,
  ) {
    this.#plainNames = names.filter((name) => !isPattern(name))
    this.#matches = names.filter(isPattern).map(namePattern)
    this.#encoding = encoding
    this.#from = from
    this.#options = options
  }

  get open(): Iterable<MemorySource> {
    return this.#open.values()
  }

  get names(): string[] {
    return [...this.#open.keys()].sort()
  }

  /**
   * Looks for memory that is not recorded yet.
   *
   * @throws SharedMemoryError for a plain name, at the first call: `INVALID_NAME`, `ACCESS_DENIED`, `NOT_A_CHANNEL`, `VERSION_MISMATCH`,
   * … A name that is not there is looked for again. Other memory that cannot be recorded is left out: it must not end the recording
   * of the rest
   */
  scan(): void {
    for (const name of this.#plainNames) this.#tryOpen(name, true)
    if (this.#matches.length > 0) {
      for (const { name } of SharedMemory.list()) {
        if (this.#matches.some((matches) => matches(name))) this.#tryOpen(name, false)
      }
    }
    this.#isFirstScan = false
  }

  /** Lets go of a memory that has ended. */
  letGo(source: MemorySource): void {
    if (!source.hasEnded) return
    const { name, instance } = source.tail
    source.tail.close()
    this.#open.delete(name)
    this.#done.set(name, instance)
  }

  close(): void {
    for (const { tail } of this.#open.values()) tail.close()
    this.#open.clear()
  }

  #tryOpen(name: string, isPlain: boolean): void {
    if (this.#open.has(name)) return
    try {
      const source = MemorySource.open(name, this.#encoding, (shape) => this.#startOf(shape), this.#options)
      if (this.#done.get(name) === source.tail.instance) source.tail.close()
      else this.#open.set(name, source)
    } catch (error) {
      const isLeftOut = !isPlain || !this.#isFirstScan
      if (isLeftOut || isCode(error, 'NOT_FOUND', 'NOT_READY')) return
      throw error
    }
  }

  /** A memory that appears during the recording is recorded from its beginning. A latest always begins with its value. */
  #startOf(shape: string): RecordStart {
    if (!this.#isFirstScan) return 'oldest'
    return this.#from ?? (shape === 'latest' ? 'newest' : 'now')
  }
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof SharedMemoryError && codes.includes(error.code)
}
