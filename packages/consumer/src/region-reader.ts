import type { RegionMemory } from '@memlane/channel'
import { type OpenOptions, SharedMemory, SharedMemoryError, type WaitOptions } from '@memlane/core'
import { type AnyLayout, type ArrayView, type Infer, readSnapshot, type StructLayout } from '@memlane/protocol'

/** An accessor that only reads: no property of it, nor of what is nested in it, can be set. */
export type ReadonlyView<View> =
  View extends ArrayView<infer T, infer Element>
    ? Omit<ArrayView<T, Element>, 'set' | 'assign' | 'get'> & { get(index: number): ReadonlyView<Element> }
    : View extends Uint8Array | ((...args: never) => unknown)
      ? View
      : View extends object
        ? { readonly [Key in keyof View]: ReadonlyView<View[Key]> }
        : View

/** The reading side of a region: one layout over the first bytes of a memory. Any number of readers. */
export class RegionReader<L extends AnyLayout, M extends RegionMemory = SharedMemory> implements Disposable {
  readonly memory: M
  readonly layout: L
  /**
   * Accessor of the memory itself: `region.view.speed` reads what is there now, without allocating. Throws TypeError once
   * closed. Where the memory was opened with `access: 'read'`, the default, writing through it ends the process.
   */
  readonly view: ReadonlyView<ReturnType<L['view']>>
  readonly #bytes: DataView

  /** @throws RangeError when the memory is shorter than the layout */
  constructor(memory: M, layout: L) {
    this.memory = memory
    this.layout = layout
    this.view = layout.view(memory.buffer) as ReadonlyView<ReturnType<L['view']>>
    this.#bytes = new DataView(memory.buffer, 0, layout.length)
  }

  /**
   * Reads the whole value as a plain copy. A writer may be at work meanwhile: of a value of more than one number, parts
   * can be old and parts new.
   *
   * @throws SharedMemoryError `CLOSED`
   */
  read(): Infer<L> {
    this.#checkOpen()
    return this.layout.read(this.#bytes, 0)
  }

  /**
   * Reads the whole value as it was at one moment, by the layout's version words (`consistency`). Never blocks.
   *
   * @param maxAttempts how often to try while the writer is at work; default 1000, some tens of microseconds
   * @returns `undefined` when no attempt succeeded: the writer is too busy, or died in the middle
   * @throws SharedMemoryError `CLOSED`; TypeError for a layout without version words
   */
  snapshot(maxAttempts?: number): Infer<L> | undefined {
    this.#checkOpen()
    return readSnapshot(this.layout as unknown as StructLayout, this.memory.buffer, 0, maxAttempts) as
      | Infer<L>
      | undefined
  }

  /** Closes the memory under the region. Again is a no-op. */
  close(): void {
    this.memory.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #checkOpen(): void {
    if (this.memory.buffer.byteLength === 0) {
      throw new SharedMemoryError('CLOSED', `region "${this.memory.name}" is closed`)
    }
  }
}

/** `access` is `read` by default; the view is as long as the layout. */
export type OpenRegionOptions = Omit<OpenOptions, 'view'>

/**
 * Opens named memory that somebody holds, and reads it in the shape of `layout`; waits for it to appear if nobody does.
 * Costs no processor time meanwhile where the system tells of new objects (Linux); on Windows, looks ten times a second.
 *
 * @throws the signal's reason when it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`, `TOO_SHORT` when
 * the memory is shorter than the layout, and as `SharedMemory.open`
 */
export async function openRegion<L extends AnyLayout>(
  name: string,
  layout: L,
  options: OpenRegionOptions & WaitOptions = {},
): Promise<RegionReader<L>> {
  return new RegionReader(await SharedMemory.waitFor(name, mapOptions(layout, options)), layout)
}

/**
 * Opens named memory that somebody holds, and reads it in the shape of `layout`. Does not wait.
 *
 * @throws SharedMemoryError `NOT_FOUND`, `TOO_SHORT` when the memory is shorter than the layout, and as `SharedMemory.open`
 */
export function openRegionSync<L extends AnyLayout>(
  name: string,
  layout: L,
  options: OpenRegionOptions = {},
): RegionReader<L> {
  return new RegionReader(SharedMemory.open(name, mapOptions(layout, options)), layout)
}

function mapOptions<Options extends OpenRegionOptions>(layout: AnyLayout, options: Options) {
  return { access: 'read' as const, ...options, view: { length: layout.length } }
}
