import type { NativeSegment } from './binding.js'
import { dispose } from './dispose.js'
import { attempt, openSegmentOf, type SharedMemory, segmentOf } from './shared-memory.js'

/** Slots are numbered from 0 to one less than this. */
const SLOT_COUNT = 2 ** 31

/**
 * A claim to one slot of a memory. Only one handle can have it at a time. The kernel gives it and takes it back. It ends when
 * `release()` is called, when the `SharedMemory` through which it was claimed is closed, and when the worker or the process
 * ends, even if it is killed. A stopped process keeps it. The caller decides what a slot means.
 *
 * On Linux and macOS a lease belongs to the memory itself, and stays even if the memory's name is removed. On Linux it stays
 * even if the files of its leases are removed.
 */
export class Lease implements Disposable {
  readonly memory: SharedMemory
  readonly slot: number
  #released = false

  private constructor(memory: SharedMemory, slot: number) {
    this.memory = memory
    this.slot = slot
  }

  /**
   * Claims a slot. Does not block, except for a quarter of a second before it throws `NOT_READY`. On Linux and macOS it needs write
   * access to the memory.
   *
   * @param slot a whole number from 0 to 2^31 - 1
   * @returns undefined if a living handle, this one included, has the slot or is claiming it. On Windows, also undefined at the
   * moment when a process calls `isHeld` for the slot or begins to `watch` it
   * @throws SharedMemoryError `CLOSED`, `ACCESS_DENIED`, `NO_SPACE`, `NOT_READY`, `SYSTEM`
   * @throws RangeError for a slot out of range; TypeError for a `SharedMemory` of another copy of this package
   */
  static claim(memory: SharedMemory, slot: number): Lease | undefined {
    const segment = segmentWith(memory, slot)
    const claimed = attempt('claim a slot of', memory.name, memory.objectName, () => segment.claimLease(slot))
    return claimed ? new Lease(memory, slot) : undefined
  }

  /**
   * Tells whether a living handle has the slot, this one included. Does not block. To learn when the lease ends, use
   * {@link Doorbell.watch}.
   *
   * @throws SharedMemoryError `CLOSED`, `ACCESS_DENIED`, `SYSTEM`; RangeError and TypeError as `claim`
   */
  static isHeld(memory: SharedMemory, slot: number): boolean {
    const segment = segmentWith(memory, slot)
    return attempt('test a slot of', memory.name, memory.objectName, () => segment.isLeased(slot))
  }

  /**
   * Tells which process holds a slot. Use it only in messages to people: the process may end at any moment, so a program must
   * not base a decision on it. Blocks for some milliseconds on Linux.
   *
   * @returns the process id; undefined if the slot is free, or if the system does not show the holder, for instance a process of
   * another user or in another container
   * @throws SharedMemoryError `CLOSED`; RangeError and TypeError as `claim`
   */
  static holder(memory: SharedMemory, slot: number): number | undefined {
    return segmentWith(memory, slot).leaseHolder(slot)
  }

  /** Gives the slot back. A second call does nothing. */
  release(): void {
    if (this.#released) return
    this.#released = true
    segmentOf(this.memory).releaseLease(this.slot)
  }

  /** Same as `release()`, for `using`. */
  [dispose](): void {
    this.release()
  }
}

function segmentWith(memory: SharedMemory, slot: number): NativeSegment {
  checkSlot(slot)
  return openSegmentOf(memory)
}

export function checkSlot(slot: number): void {
  if (!Number.isInteger(slot) || slot < 0 || slot >= SLOT_COUNT) {
    throw new RangeError(`slot ${slot} is not a whole number from 0 to ${SLOT_COUNT - 1}`)
  }
}
