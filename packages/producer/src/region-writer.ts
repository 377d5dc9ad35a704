import type { RegionMemory } from '@memlane/channel'
import { type CreateOptions, type OpenOptions, SharedMemory, SharedMemoryError } from '@memlane/core'
import {
  type AnyLayout,
  checkValue,
  type Infer,
  isVersioned,
  type SnapshotValue,
  type StructLayout,
  updateSnapshot,
  writeSnapshot,
} from '@memlane/protocol'

/** What can be written to a region: its plain value, without the version words where the layout has them. */
export type RegionValue<L extends AnyLayout> =
  L extends StructLayout<infer F, infer Version> ? SnapshotValue<F, Version> : Infer<L>

/** The writing side of a region: one layout over the first bytes of a memory. One writer at a time. */
export class RegionWriter<L extends AnyLayout, M extends RegionMemory = SharedMemory> implements Disposable {
  readonly memory: M
  readonly layout: L
  /**
   * Accessor of the memory itself: `region.view.speed = 3` writes at once, without allocating. Each assignment stands
   * alone; use `update` where readers must see several together. Throws TypeError once closed.
   */
  readonly view: ReturnType<L['view']>
  readonly #bytes: DataView

  /** @throws RangeError when the memory is shorter than the layout */
  constructor(memory: M, layout: L) {
    this.memory = memory
    this.layout = layout
    this.view = layout.view(memory.buffer)
    this.#bytes = new DataView(memory.buffer, 0, layout.length)
  }

  /**
   * Writes the whole value. The value is checked first: when it does not fit, nothing is written. A layout with version
   * words gets them advanced, so that readers' snapshots are whole.
   *
   * @throws SharedMemoryError `CLOSED`; TypeError or RangeError naming the field that does not fit
   */
  write(value: RegionValue<L>): void {
    this.#checkOpen()
    if (isVersioned(this.layout)) writeSnapshot(this.layout, this.memory.buffer, 0, value)
    else this.layout.write(this.#bytes, 0, value)
  }

  /**
   * Changes several fields as one update: readers' snapshots show all of it or nothing. The layout must have version
   * words (`consistency`).
   *
   * @param change is called at once with the accessor; it leaves the version words alone
   * @throws SharedMemoryError `CLOSED`; TypeError for a layout without version words
   */
  update(change: (view: ReturnType<L['view']>) => void): void {
    this.#checkOpen()
    updateSnapshot(this.layout as unknown as StructLayout, this.memory.buffer, 0, change as (view: object) => void)
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

export interface CreateRegionOptions<L extends AnyLayout>
  extends Omit<CreateOptions & OpenOptions, 'access' | 'view' | 'initialize'> {
  /** Written before others can find the memory (Linux), or at once (Windows, or when the memory was there already). */
  value?: RegionValue<L>
  /** Bytes of the memory, at least the layout's length, which is the default. */
  length?: number
  /** What to do when somebody holds memory of that name: fail with `ALREADY_EXISTS` (default), or open it. */
  existing?: 'refuse' | 'open'
}

/**
 * Creates named memory and writes to it in the shape of `layout`. It lives until the last handle anywhere is closed.
 *
 * @throws SharedMemoryError as `SharedMemory.create` and, with `existing: 'open'`, `SharedMemory.open`; `TOO_SHORT` when
 * the memory there is shorter than `length`
 * @throws TypeError or RangeError for a value that does not fit, or a length below the layout's; then nothing is created
 */
export function createRegion<L extends AnyLayout>(
  name: string,
  layout: L,
  options: CreateRegionOptions<L> = {},
): RegionWriter<L> {
  const { value, length = layout.length, existing = 'refuse', trustOwner = false, ...rest } = options
  if (length < layout.length) {
    throw new RangeError(`length ${length} is less than the ${layout.length} bytes of the layout`)
  }
  const createOptions: CreateOptions = { ...rest, view: { length: layout.length } }
  if (value !== undefined) {
    checkValue(layout, value) // before anything is created
    createOptions.initialize = (buffer) => {
      new RegionWriter<L, RegionMemory>({ name, buffer, close() {} }, layout).write(value)
    }
  }
  const memory =
    existing === 'open'
      ? SharedMemory.createOrOpen(name, length, { ...createOptions, trustOwner })
      : SharedMemory.create(name, length, createOptions)
  const region = new RegionWriter(memory, layout)
  if (value !== undefined && !memory.created) region.write(value)
  return region
}
