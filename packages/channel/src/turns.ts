import { clearTimeout, setTimeout } from '@memlane/core/internal'
import { deadlineAfter, timeLeft } from './deadline.js'
import type { StreamWaitOptions } from './waiter.js'

/** A queue of tasks that wait: one at a time, in the order in which they came. */
export class Turns {
  #last: Promise<void> = Promise.resolve()
  #waiting = 0
  /** Called when a task is queued. */
  onQueue: (() => void) | undefined

  /** True if any task is queued or running. */
  get busy(): boolean {
    return this.#waiting !== 0
  }

  /** True if a task is queued behind the running one. */
  get hasNext(): boolean {
    return this.#waiting > 1
  }

  /**
   * Runs a task when all earlier ones have ended.
   *
   * @param task gets the time that is left
   * @returns what the task returned; false if the time ran out before its turn
   * @throws the signal's reason if it aborts; RangeError for a wrong `timeoutMs`
   */
  async take(options: StreamWaitOptions = {}, task: (rest: StreamWaitOptions) => Promise<boolean>): Promise<boolean> {
    const { signal, timeoutMs } = options
    signal?.throwIfAborted()
    const deadline = deadlineAfter(timeoutMs)
    let end = () => {}
    const mine = new Promise<void>((resolve) => {
      end = resolve
    })
    const before = this.#last
    this.#last = before.then(() => mine)
    this.#waiting++
    this.onQueue?.()
    try {
      if (!(await settledInTime(before, options))) return false
      return await task({ ...(signal && { signal }), timeoutMs: timeLeft(deadline) })
    } finally {
      this.#waiting--
      end() // starts the next task, even if this one failed
    }
  }
}

/**
 * Waits for the earlier tasks. This wait does not keep the process running; theirs may.
 *
 * @returns false if `timeoutMs` passed
 * @throws the signal's reason if it aborts
 */
async function settledInTime(
  before: Promise<void>,
  { signal, timeoutMs = Infinity }: StreamWaitOptions,
): Promise<boolean> {
  if (signal === undefined && timeoutMs === Infinity) {
    await before
    return true
  }
  let timer: NodeJS.Timeout | undefined
  let abort: (() => void) | undefined
  try {
    return await new Promise<boolean>((resolve, reject) => {
      void before.then(() => resolve(true))
      if (timeoutMs !== Infinity) timer = setTimeout(() => resolve(false), timeoutMs).unref()
      abort = () => reject(signal?.reason)
      signal?.addEventListener('abort', abort)
    })
  } finally {
    clearTimeout(timer)
    if (abort !== undefined) signal?.removeEventListener('abort', abort)
  }
}
