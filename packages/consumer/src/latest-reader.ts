import { type Cells, type Inspect, inspection, schemaName } from '@memlane/channel'
import { dispose } from '@memlane/core/internal'
import type { CodecOf, Schema } from '@memlane/protocol'
import { type KeyPlace, ONLY_KEY } from '@memlane/protocol/internal'
import { KeyReader } from './key-reader.js'
import type { ReaderSlot } from './reader-slot.js'
import type { WriterState } from './writer-watch.js'

/**
 * The reading side of a latest with one key. Any number of readers; the writer waits for none of them.
 *
 * With `access: 'read'` a reader cannot be woken, so its waits check the memory 200 times a second.
 */
export class LatestReader<S extends Schema> extends KeyReader<S> implements Disposable {
  readonly name: string
  readonly #slot: ReaderSlot
  readonly #codec: CodecOf<S>

  constructor(slot: ReaderSlot, codec: CodecOf<S>, cells: Cells) {
    super(slot, codec, cells.buffer, cells.places.get(ONLY_KEY) as KeyPlace)
    this.#slot = slot
    this.#codec = codec
    this.name = slot.channel.name
  }

  get closed(): boolean {
    return this.#slot.participant.closed
  }

  /**
   * Whether the writer lives. Asks the kernel: for monitoring, not for each value. The value stays readable in any case.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  get writer(): WriterState {
    return this.#slot.writer
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

  /** What `console.log` shows: name, schema, state, version and whether the writer lives. */
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect: Inspect): string {
    const { name, closed } = this
    const state = closed ? {} : { version: this.version, writer: this.writer }
    return inspection('LatestReader', { name, schema: schemaName(this.#codec), closed, ...state }, options, inspect)
  }
}
