import { type Cells, type Inspect, inspection, schemaName } from '@memlane/channel'
import { dispose } from '@memlane/core/internal'
import type { CodecOf, Schema } from '@memlane/protocol'
import { type KeyPlace, ONLY_KEY } from '@memlane/protocol/internal'
import { KeyWriter } from './key-writer.js'
import type { WriterSlot } from './writer-slot.js'

/**
 * The writing side of a latest with one key. It is the only writer as long as it lives.
 *
 * `close()` ends the writer: its last value stays readable, and waiting readers are told. If its process ends without `close()`, the
 * writer has *died*: the last whole value stays readable, and the next writer continues.
 */
export class LatestWriter<S extends Schema> extends KeyWriter<S> implements Disposable {
  readonly name: string
  readonly #slot: WriterSlot
  readonly #codec: CodecOf<S>

  constructor(slot: WriterSlot, codec: CodecOf<S>, cells: Cells) {
    super(slot, codec, cells, cells.places.get(ONLY_KEY) as KeyPlace)
    this.#slot = slot
    this.#codec = codec
    this.name = slot.channel.name
  }

  get closed(): boolean {
    return this.#slot.closed
  }

  /**
   * Ends this writer. The value stays readable. A second call does nothing.
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

  /** What `console.log` shows: name, schema, state and version. */
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect: Inspect): string {
    const { name, version, closed } = this
    return inspection('LatestWriter', { name, schema: schemaName(this.#codec), version, closed }, options, inspect)
  }
}
