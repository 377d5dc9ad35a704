import { isMainThread } from 'node:worker_threads'
import type { NativeDoorbell } from './binding.js'
import { capabilities } from './capabilities.js'
import { microtask, now } from './clock.js'
import { dispose } from './dispose.js'
import { SharedMemoryError } from './errors.js'
import { checkSlot } from './lease.js'
import { checkTimeout } from './options.js'
import { attempt, openSegmentOf, type SharedMemory } from './shared-memory.js'

/** Bells are numbered from 0 to one less than this. */
const BELL_COUNT = 2 ** 31

/** `worker.terminate()`, and `process.exit()` in the main thread, cannot end a blocked worker: they wait until it wakes. */
const LONGEST_WAIT_MS = isMainThread ? Infinity : 250

/** `MEMLANE_UV_POLL=off` makes this process wait as in a runtime without it. */
const usesUvPoll = capabilities.uvPoll && process.env.MEMLANE_UV_POLL !== 'off'

/**
 * Wakes a waiting process from another process. A memory can have any number of bells. Every process that opens a bell can
 * ring it and wait for it, but only one participant should wait.
 *
 * Rings are not counted: several rings before the wait begins wake the waiter once, on Windows up to three times. A ring may
 * also come late: it was meant for an earlier waiter. A waiter that wakes and finds nothing to do must wait again.
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
   * Opens a bell. The first call for a number creates it. Does not block, except for a quarter of a second before it throws
   * `NOT_READY`. The bell stays usable after the memory is closed. The system removes the bell's object with the last handle of
   * the bell (Windows); its file is removed with the last memory handle that has bells or leases (Linux, macOS).
   *
   * @param number a whole number from 0 to 2^31 - 1
   * @throws SharedMemoryError `CLOSED`, `ACCESS_DENIED`, `NO_SPACE`, `NOT_READY`, `SYSTEM`
   * @throws RangeError for a number out of range; TypeError for a `SharedMemory` of another copy of this package
   */
  static open(memory: SharedMemory, number: number): Doorbell {
    if (!Number.isInteger(number) || number < 0 || number >= BELL_COUNT) {
      throw new RangeError(`number ${number} is not a whole number from 0 to ${BELL_COUNT - 1}`)
    }
    const segment = openSegmentOf(memory)
    const bell = attempt('open a doorbell of', memory.name, memory.objectName, () =>
      segment.openDoorbell(number, usesUvPoll),
    )
    return new Doorbell(memory, number, bell)
  }

  /**
   * Rings: wakes the waiter. If no participant waits, the next wait ends at once. Never blocks; takes about a microsecond. On
   * Linux it also works if the process has no descriptors left.
   *
   * @throws SharedMemoryError `CLOSED`, `SYSTEM`
   */
  ring(): void {
    this.#checkOpen()
    attempt('ring a doorbell of', this.memory.name, this.memory.objectName, () => this.#bell.ring())
  }

  /**
   * Makes this handle also ring, once, when the {@link Lease} of a slot of its memory ends for any reason: `release()`, closed
   * memory, the end of a worker or of a process, a kill. After that ring, `Lease.isHeld` is false, unless another handle has
   * claimed the slot in the meantime. To watch that new claim, call `watch` again. Does not block. Watching a slot twice
   * changes nothing.
   *
   * @param slot a whole number from 0 to 2^31 - 1
   * @returns false if no handle holds the slot: then nothing is watched
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
   * costs less than timers or timeouts, because the kernel must set those again for each wait. Does not block.
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
   * @param woken the function. If it throws, that is an uncaught exception
   * @param ref whether the wait keeps the process running. Default true
   * @returns false if the bell has rung already: then the function is not called
   * @throws SharedMemoryError `CLOSED`, `SYSTEM`; TypeError if another wait at this handle is pending
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
   * Blocks this thread until the bell rings. Use it in worker threads and scripts, not in an event loop that has other work. In
   * a worker thread it wakes four times a second, so that the worker can be terminated.
   *
   * @param timeoutMs milliseconds, from 0 (check once) to 2^31 - 1, or Infinity (default)
   * @returns true if it rang, false if the time has passed
   * @throws SharedMemoryError `CLOSED`, `SYSTEM`; RangeError for a time out of range; TypeError if another wait at
   * this handle is pending
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

  /** Closes the handle. Calls the function of a pending `listen` in a microtask. A second call does nothing. */
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
    if (this.#listener !== undefined) throw new TypeError('another wait at this handle is pending: one wait at a time')
  }
}

function closedError(memory: SharedMemory): SharedMemoryError {
  return new SharedMemoryError('CLOSED', `a doorbell of shared memory "${memory.name}" is closed`)
}
