import { isMainThread } from 'node:worker_threads'
import type { NativeDoorbell } from './binding.js'
import { microtask, now } from './clock.js'
import { dispose } from './dispose.js'
import { SharedMemoryError } from './errors.js'
import { checkSlot } from './lease.js'
import { checkTimeout } from './options.js'
import { attempt, openSegmentOf, type SharedMemory } from './shared-memory.js'

/** Bells are numbered from 0 to one less than this. */
const BELL_COUNT = 2 ** 31

/** `worker.terminate()`, and `process.exit()` in the main thread, cannot end a blocked thread: they wait until it returns. */
const LONGEST_WAIT_MS = isMainThread ? Infinity : 250

/**
 * Wakes a process that waits, from another process. A memory has any number of bells. Every process that opens a bell can
 * ring it and wait for it, but only one participant should wait.
 *
 * Rings are not counted: several rings before the wait begins wake the waiter once, on Windows up to three times. A ring may
 * also be late, meant for a predecessor. A waiter that wakes and finds nothing to do waits again.
 */
export class Doorbell implements Disposable {
  readonly memory: SharedMemory
  readonly number: number
  readonly #bell: NativeDoorbell
  #listener: (() => void) | undefined
  #closed = false
  readonly #woken = () => {
    const listener = this.#listener
    this.#listener = undefined
    listener?.()
  }

  private constructor(memory: SharedMemory, number: number, bell: NativeDoorbell) {
    this.memory = memory
    this.number = number
    this.#bell = bell
  }

  /**
   * Opens a bell; the first one to open it makes it. The bell stays usable after the memory is closed. What it leaves in the
   * system goes with the memory's last handle, or on Linux with the last handle that has bells or leases.
   *
   * @param number a whole number from 0 to 2^31 - 1
   * @throws SharedMemoryError `CLOSED`, `ACCESS_DENIED`, `NO_SPACE`, `NOT_READY`, `SYSTEM`
   * @throws RangeError for a number out of range; TypeError for memory of another copy of this package
   */
  static open(memory: SharedMemory, number: number): Doorbell {
    if (!Number.isInteger(number) || number < 0 || number >= BELL_COUNT) {
      throw new RangeError(`number ${number} is not a whole number from 0 to ${BELL_COUNT - 1}`)
    }
    const segment = openSegmentOf(memory)
    const bell = attempt('open a doorbell of', memory.name, memory.objectName, () => segment.openDoorbell(number))
    return new Doorbell(memory, number, bell)
  }

  /**
   * Rings: wakes the waiter, or else the next one. Never blocks; takes about a microsecond. On Linux it also works if the
   * process has no descriptors left.
   *
   * @throws SharedMemoryError `CLOSED`, `SYSTEM`
   */
  ring(): void {
    this.#checkOpen()
    attempt('ring a doorbell of', this.memory.name, this.memory.objectName, () => this.#bell.ring())
  }

  /**
   * Makes this handle also ring, once, when the {@link Lease} of a slot of its memory ends, in whatever way: `release()`,
   * closed memory, the end of a worker or of a process, a kill. When it has rung for that, `Lease.isHeld` is false, unless the
   * slot was claimed anew; to be told of the end of that claim, watch again. Does not block. Watching a slot twice changes
   * nothing.
   *
   * @param slot a whole number from 0 to 2^31 - 1
   * @returns false if nobody holds the slot: then nothing is watched
   * @throws SharedMemoryError `CLOSED` (the bell or its memory), `ACCESS_DENIED`, `SYSTEM`; RangeError for a slot out of range
   */
  watch(slot: number): boolean {
    this.#checkOpen()
    checkSlot(slot)
    openSegmentOf(this.memory)
    return attempt('watch a slot of', this.memory.name, this.memory.objectName, () => this.#bell.watch(slot))
  }

  /**
   * Makes this handle also ring by itself, once, after a time. Replaces the time that was set before. For many short waits this
   * costs less than timers or timeouts, which the kernel has to set anew for each wait. Does not block.
   *
   * @param timeMs milliseconds, a whole number from 0 to 2^31 - 1
   * @throws SharedMemoryError `CLOSED`, `SYSTEM`; RangeError for a time out of range
   */
  ringAfter(timeMs: number): void {
    this.#checkOpen()
    if (!Number.isInteger(timeMs) || timeMs < 0 || timeMs >= 2 ** 31) {
      throw new RangeError(`timeMs ${timeMs} is not a whole number from 0 to ${2 ** 31 - 1}`)
    }
    attempt('set a doorbell of', this.memory.name, this.memory.objectName, () => this.#bell.ringAfter(timeMs))
  }

  /**
   * Makes the event loop call a function, once, when the bell rings or is closed. Does not block. The wait uses no CPU.
   *
   * @param woken if it throws, that is an uncaught exception
   * @param ref whether the wait keeps the process running
   * @returns false if the bell has rung already: then nothing is called
   * @throws SharedMemoryError `CLOSED`, `SYSTEM`; TypeError if this handle is already waited at
   */
  listen(woken: () => void, ref = true): boolean {
    this.#checkOpen()
    this.#checkFree()
    const rung = attempt('wait at a doorbell of', this.memory.name, this.memory.objectName, () =>
      this.#bell.listen(this.#woken, ref),
    )
    if (rung) return false
    this.#listener = woken
    return true
  }

  /** Cancels a pending `listen`. A no-op if the function was called already. */
  unlisten(woken: () => void): void {
    if (this.#listener !== woken) return
    this.#listener = undefined
    this.#bell.unlisten()
  }

  /**
   * Blocks this thread until the bell rings. For worker threads and scripts, not for an event loop with other work. In a worker
   * thread it wakes four times a second, so that the worker can be terminated.
   *
   * @param timeoutMs milliseconds, from 0 (check once) to 2^31 - 1, or Infinity (default)
   * @returns true if it rang, false if the time has passed
   * @throws SharedMemoryError `CLOSED`, `SYSTEM`; RangeError for a time out of range; TypeError if this handle is already
   * waited at
   */
  waitSync(timeoutMs = Infinity): boolean {
    checkTimeout('timeoutMs', timeoutMs)
    this.#checkOpen()
    this.#checkFree()
    const deadline = now() + timeoutMs
    for (;;) {
      const limit = Math.min(Math.max(0, deadline - now()), LONGEST_WAIT_MS)
      const nativeLimit = limit === Infinity ? -1 : Math.ceil(limit)
      const rung = attempt('wait at a doorbell of', this.memory.name, this.memory.objectName, () =>
        this.#bell.wait(nativeLimit),
      )
      if (rung || now() >= deadline) return rung
    }
  }

  /** Closes the handle, and calls the function that waits in `listen`. Again is a no-op. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#bell.close()
    if (this.#listener !== undefined) microtask(this.#woken)
  }

  /** Same as `close()`, for `using`. */
  [dispose](): void {
    this.close()
  }

  #checkOpen(): void {
    if (this.#closed) throw closedError(this.memory)
  }

  #checkFree(): void {
    if (this.#listener !== undefined) throw new TypeError('this doorbell is already waited at')
  }
}

function closedError(memory: SharedMemory): SharedMemoryError {
  return new SharedMemoryError('CLOSED', `a doorbell of shared memory "${memory.name}" is closed`)
}
