import type { SharedMemory } from '@memlane/core'
import type { AnyLayout, VersionedLayout } from '@memlane/protocol'
import { copySnapshot, publishCopy } from '@memlane/protocol/internal'
import type { RegionMemory } from './region-memory.js'

/** A private copy of a region's bytes, in a heap that cannot show the memory itself (`SharedMemory.mapped`). */
export class RegionCopy {
  /** As of the last `pull`. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly #memory: SharedMemory
  readonly #layout: AnyLayout

  /** @returns undefined if the memory has a buffer: then the region needs no copy */
  static of(memory: RegionMemory | SharedMemory, layout: AnyLayout): RegionCopy | undefined {
    return 'mapped' in memory && !memory.mapped ? new RegionCopy(memory, layout) : undefined
  }

  private constructor(memory: SharedMemory, layout: AnyLayout) {
    this.#memory = memory
    this.#layout = layout
    this.bytes = new Uint8Array(layout.length)
    this.pull()
  }

  get closed(): boolean {
    return this.#memory.closed
  }

  /** Copies the memory here. If a writer writes meanwhile, old and new parts can mix. */
  pull(): void {
    this.#memory.read(0, this.bytes)
  }

  /** As `pull`, but whole: as the memory was at one moment. Returns false if no attempt succeeded. */
  pullSnapshot(maxAttempts?: number): boolean {
    return copySnapshot(this.#layout as VersionedLayout, this.#memory, this.bytes, maxAttempts)
  }

  /** Copies the bytes back into the memory: as one update, if the layout has version words. */
  push(): void {
    publishCopy(this.#layout, this.#memory, this.bytes)
  }
}
