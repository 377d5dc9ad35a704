import { type Inspect, inspection, RegionCopy, type RegionMemory, regionError, regionFacts } from '@memlane/channel'
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
   *
   * Where the memory can only be copied (`memory.mapped` is false), it shows a private copy as of the last `refresh`, `read` or
   * `snapshot`.
   */
  readonly view: ReadonlyView<Infer<L>>
  readonly #bytes: DataView
  readonly #copy: RegionCopy | undefined

  /** @throws RangeError if the memory is shorter than the layout */
  constructor(memory: M, layout: L) {
    this.memory = memory
    this.layout = layout
    this.#copy = RegionCopy.of(memory, layout)
    const buffer = this.#copy === undefined ? memory.buffer : this.#copy.bytes.buffer
    this.view = layout.readonlyView(buffer)
    this.#bytes = new DataView(buffer, 0, layout.length)
  }

  /**
   * Reads the whole value as a plain copy. If a writer writes meanwhile, a value of more than one number can be a mix of old
   * and new parts.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  read(): Infer<L> {
    this.refresh()
    return this.layout.read(this.#bytes, 0)
  }

  /**
   * Where the memory can only be copied (`memory.mapped` is false), copies it to where `view` shows it. Elsewhere `view` shows the
   * memory itself, and this does nothing.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  refresh(): void {
    this.#checkOpen()
    this.#copy?.pull()
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
    const layout = this.layout as AnyLayout as VersionedLayout
    if (this.#copy === undefined) return readSnapshot(layout, this.memory.buffer, 0, maxAttempts)
    return this.#copy.pullSnapshot(maxAttempts) ? (layout.read(this.#bytes, 0) as Infer<L>) : undefined
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
    const facts = regionFacts(this.memory.name, this.#isClosed(), this.layout, () => this.read())
    return inspection('RegionReader', facts, options, inspect)
  }

  #checkOpen(): void {
    if (this.#isClosed()) throw this.#closedError()
  }

  #isClosed(): boolean {
    return this.#copy === undefined ? this.memory.buffer.byteLength === 0 : this.#copy.closed
  }

  #closedError(): SharedMemoryError {
    return regionError('CLOSED', this.memory.name, 'this reader is closed.')
  }
}
