import { dispose } from './dispose.js'
import { SharedMemoryError } from './errors.js'
import { attempt, type SharedMemory, segmentOf } from './shared-memory.js'

/** Slots are numbered from 0 to one less than this. */
const SLOT_COUNT = 2 ** 31

/**
 * A claim to one slot of a memory, which one handle can have at a time. The kernel gives it and takes it back: it ends with
 * `release()`, with the `SharedMemory` it was claimed through, with the worker, and with the process in whatever way. A
 * stopped process keeps it. What a slot means is the caller's business. Leases go by the memory's name: they are lost when
 * `SharedMemory.unlink` removes it.
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
   * Claims a slot. Does not block. Needs write access to the memory (Linux).
   *
   * @param slot a whole number from 0 to 2^31 - 1
   * @returns `undefined` when a living handle, this one included, has it or is just claiming it. On Windows also, for a
   * moment, while somebody asks `isHeld` for it or begins to `watch` it
   * @throws SharedMemoryError `CLOSED`, `ACCESS_DENIED`, `NO_SPACE`, `SYSTEM`; `NOT_FOUND` when the memory's name has been
   * removed (Linux)
   */
  static claim(memory: SharedMemory, slot: number): Lease | undefined {
    checkSlot(memory, slot)
    const claimed = attempt('claim a slot of', memory.name, memory.objectName, () => segmentOf(memory).claimLease(slot))
    return claimed ? new Lease(memory, slot) : undefined
  }

  /**
   * Tells whether a living handle has the slot, this one included. Does not block. To be told of the end instead of asking
   * again and again, see {@link Doorbell.watch}.
   *
   * @throws SharedMemoryError `CLOSED`, `ACCESS_DENIED`, `SYSTEM`
   */
  static isHeld(memory: SharedMemory, slot: number): boolean {
    checkSlot(memory, slot)
    return attempt('test a slot of', memory.name, memory.objectName, () => segmentOf(memory).isLeased(slot))
  }

  /**
   * Tells which process holds a slot, for messages to people. It may end at any moment, so decide nothing by it. Takes some
   * milliseconds on Linux.
   *
   * @returns its process id; undefined if the slot is free, or if the system does not tell, for instance of another user's
   * process, or of one in another container
   * @throws SharedMemoryError `CLOSED`
   */
  static holder(memory: SharedMemory, slot: number): number | undefined {
    checkSlot(memory, slot)
    return segmentOf(memory).leaseHolder(slot)
  }

  /** Gives the slot back. Again is a no-op. */
  release(): void {
    if (this.#released) return
    this.#released = true
    segmentOf(this.memory).releaseLease(this.slot)
  }

  [dispose](): void {
    this.release()
  }
}

export function checkSlot(memory: SharedMemory, slot: number): void {
  if (!Number.isInteger(slot) || slot < 0 || slot >= SLOT_COUNT) {
    throw new RangeError(`slot ${slot} is not a whole number from 0 to ${SLOT_COUNT - 1}`)
  }
  if (memory.closed) throw new SharedMemoryError('CLOSED', `shared memory "${memory.name}" is closed`)
}
