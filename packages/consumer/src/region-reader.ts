import { type Inspect, inspection, type RegionMemory, regionError, regionFacts } from '@memlane/channel'
import type { SharedMemory, SharedMemoryError } from '@memlane/core'
import { dispose } from '@memlane/core/internal'
import {
  type AnyLayout,
  type HasVersionWords,
  type Infer,
  type ReadonlyView,
  readSnapshot,
  type VersionedLayout,
} from '@memlane/protocol'
import { endView } from '@memlane/protocol/internal'

/** The reading side of a region: one layout over the first bytes of a memory. Any number of readers. */
export class RegionReader<L extends AnyLayout, M extends RegionMemory = SharedMemory> implements Disposable {
  readonly memory: M
  readonly layout: L
  /**
   * Read-only accessor of the memory itself: `region.view.speed` reads what is there now, without allocating. Assigning to any part
   * of it is a TypeError. After `close`, each use throws SharedMemoryError `CLOSED`.
   */
  readonly view: ReadonlyView<Infer<L>>
  readonly #bytes: DataView

  /** @throws RangeError if the memory is shorter than the layout */
  constructor(memory: M, layout: L) {
    this.memory = memory
    this.layout = layout
    this.view = layout.readonlyView(memory.buffer)
    this.#bytes = new DataView(memory.buffer, 0, layout.length)
  }

  /**
   * Reads the whole value as a plain copy. If a writer writes meanwhile, a value of more than one number can be a mix of old
   * and new parts.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  read(): Infer<L> {
    this.#checkOpen()
    return this.layout.read(this.#bytes, 0)
  }

  /**
   * Reads the whole value as it was at one moment. For layouts with version words (`consistency`). Never blocks.
   *
   * @param maxAttempts the most attempts while the writer is writing. 1000 by default, which takes tens of microseconds
   * @returns `undefined` if no attempt succeeded: the writer is too busy, or died during an update
   * @throws SharedMemoryError `CLOSED`; TypeError for a layout without version words
   */
  snapshot(this: this & HasVersionWords, maxAttempts?: number): Infer<L> | undefined {
    this.#checkOpen()
    return readSnapshot(this.layout as AnyLayout as VersionedLayout, this.memory.buffer, 0, maxAttempts)
  }

  /** Closes the memory under the region. Closing it again is a no-op. */
  close(): void {
    endView(this.view, () => this.#closedError())
    this.memory.close()
  }

  /** Same as `close()`, for `using`. */
  [dispose](): void {
    this.close()
  }

  /** What `console.log` shows: name, layout, state and value. */
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect: Inspect): string {
    const facts = regionFacts(this.memory, this.layout, () => this.layout.read(this.#bytes, 0))
    return inspection('RegionReader', facts, options, inspect)
  }

  #checkOpen(): void {
    if (this.memory.buffer.byteLength === 0) throw this.#closedError()
  }

  #closedError(): SharedMemoryError {
    return regionError('CLOSED', this.memory.name, 'this reader is closed.')
  }
}
