import { type Cells, type Inspect, inspection, type ReaderKeys, unknownKey } from '@memlane/channel'
import { dispose } from '@memlane/core/internal'
import type { Members, MessageOf, Schema } from '@memlane/protocol'
import type { KeyPlace } from '@memlane/protocol/internal'
import { KeyReader } from './key-reader.js'
import type { ReaderSlot } from './reader-slot.js'
import type { WriterState } from './writer-watch.js'

/** A key of a board with its newest value, version and age: see `Entry`. */
export type BoardEntry<M extends Members> = {
  [K in keyof M & string]: [key: K, value: MessageOf<M[K]> | undefined, version: number, age: number | undefined]
}[keyof M & string]

/** The reading side of a latest with several keys, otherwise like `LatestReader`. */
export class BoardReader<M extends Members> implements Disposable {
  readonly name: string
  readonly #slot: ReaderSlot
  readonly #keys: ReadonlyMap<string, KeyReader<Schema>>

  constructor(slot: ReaderSlot, { codecs }: ReaderKeys, { buffer, places }: Cells) {
    this.#slot = slot
    this.name = slot.channel.name
    const readers = [...codecs].map(([key, codec]) => {
      return [key, new KeyReader<Schema>(slot, codec, buffer, places.get(key) as KeyPlace)] as const
    })
    this.#keys = new Map(readers)
  }

  get closed(): boolean {
    return this.#slot.participant.closed
  }

  /**
   * Whether the writer lives. Asks the kernel: for monitoring, not for each value. The values stay readable in any case.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  get writer(): WriterState {
    return this.#slot.writer
  }

  /**
   * Returns the reader of one key: the same object each time.
   *
   * @throws TypeError if the board has no such key
   */
  key<K extends keyof M & string>(key: K): KeyReader<M[K]> {
    const reader = this.#keys.get(key)
    if (reader === undefined) throw unknownKey(this.name, key, this.#keys)
    return reader as unknown as KeyReader<M[K]>
  }

  /**
   * Returns all keys with their newest values, in the order of the board. Each value is whole, but they may be of different moments.
   *
   * @throws as `KeyReader.get`
   */
  entries(): BoardEntry<M>[] {
    return [...this.#keys].map(([key, reader]) => {
      const { value, version, age } = reader.entry()
      return [key, value, version, age] as BoardEntry<M>
    })
  }

  /** Makes waits keep the process running. This is the default. */
  ref(): this {
    this.#slot.participant.setRef(true)
    return this
  }

  /** Lets the process end while only this reader waits. */
  unref(): this {
    this.#slot.participant.setRef(false)
    return this
  }

  /**
   * Ends this reader. A second call does nothing.
   *
   * @throws TypeError in the handler of `read`
   */
  close(): void {
    this.#slot.close()
  }

  /** Same as `close()`, for `using`. */
  [dispose](): void {
    this.close()
  }

  /** What `console.log` shows: name, state, whether the writer lives, and the version of each key. */
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect: Inspect): string {
    const { name, closed } = this
    if (closed) return inspection('BoardReader', { name, closed }, options, inspect)
    const versions = Object.fromEntries([...this.#keys].map(([key, { version }]) => [key, version]))
    return inspection('BoardReader', { name, closed, writer: this.writer, versions }, options, inspect)
  }
}
