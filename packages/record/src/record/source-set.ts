import { SharedMemory, SharedMemoryError } from '@memlane/core'
import { isPattern, nameFilter, type TailOptions } from '@memlane/inspect'
import type { Encoding } from '../encode/message-encoding.js'
import { MemorySource } from './memory-source.js'

/** Where to begin in a memory. */
export type RecordStart = NonNullable<TailOptions['from']>

/** The memories that are recorded: those with the names given, and those that a pattern finds. They may come and go. */
export class SourceSet {
  readonly #plainNames: readonly string[]
  readonly #isWanted: ((name: string) => boolean) | undefined
  readonly #encoding: Encoding
  readonly #options: Pick<TailOptions, 'trustOwner'>
  readonly #from: RecordStart | undefined
  readonly #open = new Map<string, MemorySource>()
  /** The last memory of each name that was let go of. If others keep it, it may get producers again. */
  readonly #ended = new Map<string, MemorySource>()
  /**
   * What the system told of memory that only a pattern finds, and that cannot be recorded. It is opened again only if that changes:
   * each attempt takes some milliseconds, in which nothing is read.
   */
  readonly #refused = new Map<string, string>()
  #isFirstScan = true

  constructor(
    names: readonly string[],
    encoding: Encoding,
    from: RecordStart | undefined,
    options: Pick<TailOptions, 'trustOwner'>,
  ) {
    this.#plainNames = names.filter((name) => !isPattern(name))
    const patterns = names.filter(isPattern)
    this.#isWanted = patterns.length > 0 ? nameFilter(patterns) : undefined
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
    if (this.#isWanted !== undefined) {
      for (const info of SharedMemory.list()) {
        const { name } = info
        if (this.#open.has(name) || !this.#isWanted(name)) continue
        const told = JSON.stringify(info)
        const tellsChanges = info.length !== undefined // not on Windows
        if (tellsChanges && this.#refused.get(name) === told) continue
        if (this.#tryOpen(name, false)) this.#refused.delete(name)
        else this.#refused.set(name, told)
      }
    }
    this.#isFirstScan = false
  }

  /** Lets go of a memory that has ended. */
  letGo(source: MemorySource): void {
    if (!source.hasEnded) return
    const { name } = source.tail
    source.tail.close()
    this.#open.delete(name)
    this.#ended.set(name, source)
  }

  close(): void {
    for (const { tail } of this.#open.values()) tail.close()
    this.#open.clear()
  }

  /** Returns false if the memory cannot be recorded. */
  #tryOpen(name: string, isPlain: boolean): boolean {
    if (this.#open.has(name)) return true
    try {
      const startOf = (shape: string) => this.#startOf(shape)
      const source = MemorySource.open(name, this.#encoding, startOf, this.#options, this.#ended.get(name))
      this.#open.set(name, source)
      return true
    } catch (error) {
      if (isCode(error, 'NOT_FOUND', 'NOT_READY')) return true
      if (isPlain && this.#isFirstScan) throw error
      return false
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
