import { type Cells, type Inspect, inspection, type LatestKeys, unknownKey } from '@memlane/channel'
import { dispose } from '@memlane/core/internal'
import type { Members, Schema } from '@memlane/protocol'
import type { KeyPlace } from '@memlane/protocol/internal'
import { KeyWriter } from './key-writer.js'
import type { WriterSlot } from './writer-slot.js'

/** The writing side of a latest with several keys, otherwise like `LatestWriter`. Readers see the values of each key on their own. */
export class BoardWriter<M extends Members> implements Disposable {
  readonly name: string
  readonly #slot: WriterSlot
  readonly #keys: ReadonlyMap<string, KeyWriter<Schema>>

  constructor(slot: WriterSlot, { codecs }: LatestKeys, cells: Cells) {
    this.#slot = slot
    this.name = slot.channel.name
    const writers = [...codecs].map(([key, codec]) => {
      return [key, new KeyWriter<Schema>(slot, codec, cells, cells.places.get(key) as KeyPlace)] as const
    })
    this.#keys = new Map(writers)
  }

  get closed(): boolean {
    return this.#slot.closed
  }

  /**
   * Returns the writer of one key: the same object each time.
   *
   * @throws TypeError if the board has no such key
   */
  key<K extends keyof M & string>(key: K): KeyWriter<M[K]> {
    const writer = this.#keys.get(key)
    if (writer === undefined) throw unknownKey(this.name, key, this.#keys)
    return writer as unknown as KeyWriter<M[K]>
  }

  /**
   * Ends this writer. The values stay readable. A second call does nothing.
   *
   * @throws TypeError in the callback of `update` and `fill`, and in a getter of a value while the value is written
   */
  close(): void {
    this.#slot.close()
  }

  /** Same as `close()`, for `using`. */
  [dispose](): void {
    this.close()
  }

  /** What `console.log` shows: name, state, and the version of each key. */
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect: Inspect): string {
    const { name, closed } = this
    const versions = Object.fromEntries([...this.#keys].map(([key, { version }]) => [key, version]))
    return inspection('BoardWriter', { name, closed, versions }, options, inspect)
  }
}
