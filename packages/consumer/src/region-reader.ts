import type { RegionMemory } from '@memlane/channel'
import { type OpenOptions, SharedMemory, SharedMemoryError, type WaitOptions } from '@memlane/core'
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
   * Reads the whole value as a plain copy. If a writer writes meanwhile, parts of a value of more than one number can be old and
   * parts new.
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
   * @param maxAttempts how often to try while the writer is writing; 1000 by default, tens of microseconds
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

  [dispose](): void {
    this.close()
  }

  #checkOpen(): void {
    if (this.memory.buffer.byteLength === 0) throw this.#closedError()
  }

  #closedError(): SharedMemoryError {
    return new SharedMemoryError('CLOSED', `region "${this.memory.name}" is closed`)
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
