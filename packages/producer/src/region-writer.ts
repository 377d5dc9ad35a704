import {
  type Inspect,
  inspection,
  type MessageHandler,
  RegionCopy,
  type RegionMemory,
  regionError,
  regionFacts,
} from '@memlane/channel'
import type { SharedMemory, SharedMemoryError } from '@memlane/core'
import { dispose } from '@memlane/core/internal'
import {
  type AnyLayout,
  type HasVersionWords,
  type Infer,
  isVersioned,
  type SnapshotValue,
  type StructLayout,
  type UpdateView,
  updateSnapshot,
  type VersionedLayout,
  type View,
  writeSnapshot,
} from '@memlane/protocol'
import { debugsViews, endView, updateThrough } from '@memlane/protocol/internal'

/** What can be written to a region: the layout's plain value, without the version words if it has any. */
export type RegionValue<L extends AnyLayout> =
  L extends StructLayout<infer T, infer Version> ? SnapshotValue<T, Version> : Infer<L>

/** The accessor that `update` passes to its callback: its version words cannot be assigned. */
export type RegionUpdateView<L extends AnyLayout> =
  L extends StructLayout<infer T, infer Version> ? UpdateView<T, Version> : never

/**
 * The writing side of a region: one layout over the first bytes of a memory. `createRegion` allows one writer at a time, except
 * with `existing: 'join'`.
 */
export class RegionWriter<L extends AnyLayout, M extends RegionMemory = SharedMemory> implements Disposable {
  /** Close the region, not its memory: only the region refuses that while `write` or `update` runs. */
  readonly memory: M
  readonly layout: L
  /**
   * Accessor of the memory itself: `region.view.speed = 3` writes at once, without allocating. Each assignment is separate:
   * use `update` if readers must see several changes together. After `close`, each use throws SharedMemoryError `CLOSED`.
   *
   * Where the memory can only be copied (`memory.mapped` is false), it shows a private copy as of the last `refresh`, `write` or
   * `update`, and assigning to it is a TypeError.
   */
  readonly view: View<Infer<L>>
  readonly #buffer: ArrayBuffer
  readonly #bytes: DataView
  readonly #copy: RegionCopy | undefined
  /** The accessor for `update`, made once; with `MEMLANE_DEBUG=views` each update makes its own. */
  #updatingView: object | undefined
  #isWriting = false

  /** @throws RangeError if the memory is shorter than the layout */
  constructor(memory: M, layout: L) {
    this.memory = memory
    this.layout = layout
    this.#copy = RegionCopy.of(memory, layout)
    if (this.#copy === undefined) {
      this.#buffer = memory.buffer
      this.view = layout.view(this.#buffer)
    } else {
      this.#buffer = this.#copy.bytes.buffer
      this.view = layout.readonlyView(this.#buffer) as View<Infer<L>>
    }
    this.#bytes = new DataView(this.#buffer, 0, layout.length)
    if (isVersioned(layout) && !debugsViews()) {
      this.#updatingView = new layout.updatingAccessorClass(this.#bytes, 0, undefined, layout.name)
    }
  }

  /**
   * Writes the whole value. Checks the value first: if any part does not fit, nothing is written. Advances the version words if the
   * layout has any, so that readers get whole snapshots.
   *
   * @throws SharedMemoryError `CLOSED`; TypeError or RangeError naming the field that does not fit; TypeError inside `update`
   */
  write(value: RegionValue<L>): void {
    this.#checkOpen()
    this.#pull()
    const wasWriting = this.#isWriting
    this.#isWriting = true
    try {
      if (isVersioned(this.layout)) writeSnapshot(this.layout, this.#buffer, 0, value)
      else this.layout.write(this.#bytes, 0, value)
      this.#copy?.push()
    } finally {
      this.#isWriting = wasWriting
    }
  }

  /**
   * Changes several fields as one update: readers' snapshots show all of it or nothing. For layouts with version words
   * (`consistency`). If `change` throws, the update ends, and readers see the fields that `change` has set so far.
   *
   * @param change runs at once. Its accessor is valid until `change` returns, and refuses to assign the version words
   * @throws SharedMemoryError `CLOSED`; TypeError for a layout without version words, inside another `update`, or if `change` returns
   *   a promise
   */
  update<Result>(this: this & HasVersionWords, change: MessageHandler<[view: RegionUpdateView<L>], Result>): void {
    this.#checkOpen()
    const layout = this.layout as AnyLayout as VersionedLayout
    const view = this.#updatingView
    this.#pull()
    const wasWriting = this.#isWriting
    this.#isWriting = true
    try {
      if (view === undefined) updateSnapshot(layout, this.#buffer, 0, change)
      else updateThrough(view, layout, this.#buffer, 0, change)
    } finally {
      this.#isWriting = wasWriting
      if (isVersioned(layout)) this.#copy?.push()
    }
  }

  /**
   * Where the memory can only be copied (`memory.mapped` is false), copies it to where `view` shows it. Elsewhere `view` shows the
   * memory itself, and this does nothing.
   *
   * @throws SharedMemoryError `CLOSED`; where it copies, TypeError inside `update`
   */
  refresh(): void {
    this.#checkOpen()
    this.#pull()
  }

  /**
   * Closes the memory under the region. Closing it again is a no-op.
   *
   * @throws TypeError inside `update`, and in a getter of a value that `write` reads: the memory must stay open until they end
   */
  close(): void {
    if (this.#isWriting)
      throw new TypeError(`region "${this.memory.name}": close() is not possible inside update() or write()`)
    endView(this.view, () => this.#closedError())
    if (this.#updatingView !== undefined) endView(this.#updatingView, () => this.#closedError())
    this.memory.close()
  }

  /** Same as `close()`, for `using`. */
  [dispose](): void {
    this.close()
  }

  /** What `console.log` shows: name, layout, state and value. */
  [Symbol.for('nodejs.util.inspect.custom')](_depth: number, options: object, inspect: Inspect): string {
    const isClosed = this.#isClosed()
    if (!isClosed && !this.#isWriting) this.#pull()
    const facts = regionFacts(this.memory.name, isClosed, this.layout, () => this.layout.read(this.#bytes, 0))
    return inspection('RegionWriter', facts, options, inspect)
  }

  #checkOpen(): void {
    if (this.#isClosed()) throw this.#closedError()
  }

  #isClosed(): boolean {
    return this.#copy === undefined ? this.memory.buffer.byteLength === 0 : this.#copy.closed
  }

  #pull(): void {
    if (this.#copy === undefined) return
    if (this.#isWriting) {
      throw new TypeError(
        `region "${this.memory.name}": an update is running; call neither write(), update() nor refresh() inside update() or write()`,
      )
    }
    this.#copy.pull()
  }

  #closedError(): SharedMemoryError {
    return regionError('CLOSED', this.memory.name, 'this writer is closed.')
  }
}
