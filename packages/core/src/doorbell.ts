import { isMainThread } from 'node:worker_threads'
import type { NativeDoorbell } from './binding.js'
import { clearTimeout, microtask, now, setTimeout } from './clock.js'
import { dispose } from './dispose.js'
import { SharedMemoryError } from './errors.js'
import { checkSlot } from './lease.js'
import { checkOptions, checkTimeout } from './options.js'
import { attempt, type SharedMemory, segmentOf } from './shared-memory.js'
import { type WaitOptions, waitChecks } from './waiting.js'

/** Bells are numbered from 0 to one less than this. */
const BELL_COUNT = 2 ** 31

/** A blocked thread cannot be ended: `worker.terminate()`, and `process.exit()` in the main thread, wait until it returns. */
const LONGEST_WAIT_MS = isMainThread ? Infinity : 250

/**
 * Wakes a process that waits, from another process. A memory has any number of bells; whoever opens one can ring it and
 * wait for it, but one participant alone should wait.
 *
 * Rings are not counted: several before the waiter comes wake it once, on Windows up to three times. A ring may also
 * be late, meant for a predecessor: who wakes and finds nothing to do waits again.
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
   * Opens a bell, which is made when nobody has opened it before. It stays usable after the memory is closed; what it
   * leaves in the system goes with the memory's last handle.
   *
   * @param number a whole number from 0 to 2^31 - 1
   * @throws SharedMemoryError `CLOSED`, `ACCESS_DENIED`, `NO_SPACE`, `SYSTEM`; `NOT_FOUND` when the memory's name has been
   * removed (Linux)
   */
  static open(memory: SharedMemory, number: number): Doorbell {
    if (!Number.isInteger(number) || number < 0 || number >= BELL_COUNT) {
      throw new RangeError(`number ${number} is not a whole number from 0 to ${BELL_COUNT - 1}`)
    }
    if (memory.closed) throw new SharedMemoryError('CLOSED', `shared memory "${memory.name}" is closed`)
    const bell = attempt('open a doorbell of', memory.name, memory.objectName, () =>
      segmentOf(memory).openDoorbell(number),
    )
    return new Doorbell(memory, number, bell)
  }

  /**
   * Rings: wakes the one who waits, or else the next who does. Never blocks; takes about a microsecond.
   *
   * @throws SharedMemoryError `CLOSED`, `SYSTEM`
   */
  ring(): void {
    this.#checkOpen()
    attempt('ring a doorbell of', this.memory.name, this.memory.objectName, () => this.#bell.ring())
  }

  /**
   * Makes this handle ring also, once, when the {@link Lease} of a slot of its memory ends, however it ends: `release()`,
   * closed memory, the end of a worker or of a process, a kill. Once it has rung for that, `Lease.isHeld` says false, unless
   * somebody has claimed the slot anew; to be told of that one's end, watch again. Does not block. Calling it while the
   * slot is watched changes nothing.
   *
   * Linux: when the slot goes at once from one user's process to another user's, the ring may come only with the end of the
   * later claim.
   *
   * @param slot a whole number from 0 to 2^31 - 1
   * @returns false when nobody holds the slot: then nothing is watched
   * @throws SharedMemoryError `CLOSED` (the bell or its memory), `ACCESS_DENIED`, `SYSTEM`
   */
  watch(slot: number): boolean {
    this.#checkOpen()
    checkSlot(this.memory, slot)
    return attempt('watch a slot of', this.memory.name, this.memory.objectName, () => this.#bell.watch(slot))
  }

  /**
   * Makes this handle ring also by itself, once, in some time; what was asked before is forgotten. Beside waits that are short and
   * many, that costs less than timers, or than their timeouts, which the kernel has to set anew with each. Does not block.
   *
   * @param timeMs milliseconds, a whole number from 0 to 2^31 - 1
   * @throws SharedMemoryError `CLOSED`, `SYSTEM`
   */
  ringAfter(timeMs: number): void {
    this.#checkOpen()
    if (!Number.isInteger(timeMs) || timeMs < 0 || timeMs >= 2 ** 31) {
      throw new RangeError(`timeMs ${timeMs} is not a whole number from 0 to ${2 ** 31 - 1}`)
    }
    attempt('set a doorbell of', this.memory.name, this.memory.objectName, () => this.#bell.ringAfter(timeMs))
  }

  /**
   * Waits in the event loop until it rings. Costs no processor time.
   *
   * @returns true when it rang, false when `timeoutMs` have passed
   * @throws the signal's reason when it aborts; SharedMemoryError `CLOSED` when the bell is closed, before or meanwhile;
   * TypeError when somebody waits at this handle already
   */
  async wait(options: WaitOptions = {}): Promise<boolean> {
    checkOptions('Doorbell.wait', options, waitChecks)
    const { signal, timeoutMs = Infinity, ref = true } = options
    this.#checkOpen()
    this.#checkFree()
    signal?.throwIfAborted()

    let timer: NodeJS.Timeout | undefined
    let woken: (() => void) | undefined
    let abort: (() => void) | undefined
    try {
      return await new Promise<boolean>((resolve, reject) => {
        woken = () => (this.#closed ? reject(closedError(this.memory)) : resolve(true))
        if (!this.listen(woken, ref)) {
          resolve(true)
          return
        }
        if (timeoutMs !== Infinity) {
          timer = setTimeout(() => resolve(false), timeoutMs)
          if (!ref) timer.unref()
        }
        if (signal) {
          abort = () => reject(signal.reason)
          signal.addEventListener('abort', abort)
        }
      })
    } finally {
      if (woken) this.unlisten(woken)
      clearTimeout(timer)
      if (abort) signal?.removeEventListener('abort', abort)
    }
  }

  /**
   * Has the event loop call a function, once, when it rings, or when it is closed: `wait` without a promise, which is sooner by
   * some microseconds. Does not block.
   *
   * @param woken should it throw, that is an uncaught exception
   * @param ref whether that keeps the process running
   * @returns false when it has rung already: then nothing is called
   * @throws SharedMemoryError `CLOSED`, `SYSTEM`; TypeError when somebody waits at this handle already
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

  /** Has a function not be called that `listen` was given. A no-op when it has been called. */
  unlisten(woken: () => void): void {
    if (this.#listener !== woken) return
    this.#listener = undefined
    this.#bell.unlisten()
  }

  /**
   * Blocks this thread until it rings: for worker threads and scripts, not for an event loop that has other things to do.
   * In a worker thread it wakes four times a second, to end with the worker.
   *
   * @param timeoutMs milliseconds, from 0 (look once) to 2^31 - 1, or Infinity (default)
   * @returns true when it rang, false when the time has passed
   * @throws SharedMemoryError `CLOSED`, `SYSTEM`; TypeError when somebody waits at this handle already
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

  /** Closes the handle: a `wait` under way rejects with `CLOSED`. Again is a no-op. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#bell.close()
    if (this.#listener !== undefined) microtask(this.#woken)
  }

  [dispose](): void {
    this.close()
  }

  #checkOpen(): void {
    if (this.#closed) throw closedError(this.memory)
  }

  #checkFree(): void {
    if (this.#listener !== undefined) throw new TypeError('somebody waits at this doorbell already')
  }
}

function closedError(memory: SharedMemory): SharedMemoryError {
  return new SharedMemoryError('CLOSED', `a doorbell of shared memory "${memory.name}" is closed`)
}
