import type { SharedMemoryError } from '@memlane/core'
import { clearTimeout, setTimeout } from '@memlane/core/internal'
import type { ConsumerWatch } from './consumer-watch.js'
import type { Participant } from './participant.js'
import type { StreamChannel } from './stream.js'
import type { Turns } from './turns.js'
import type { StreamWaitOptions } from './waiter.js'

interface Waiting {
  readonly count: number
  readonly resolve: (ready: boolean) => void
  readonly reject: (reason: unknown) => void
}

/** Waits of a producer until enough consumers are ready. Sends have priority over these waits, because they may need room. */
export class ReadyConsumers {
  readonly #participant: Participant<StreamChannel>
  readonly #consumers: ConsumerWatch
  readonly #turns: Turns
  readonly #waiting = new Set<Waiting>()
  #isRunning = false

  constructor(participant: Participant<StreamChannel>, consumers: ConsumerWatch, turns: Turns) {
    this.#participant = participant
    this.#consumers = consumers
    this.#turns = turns
  }

  /**
   * Waits until at least `count` consumers are ready.
   *
   * @returns false if `timeoutMs` have passed
   * @throws the signal's reason if it aborts; SharedMemoryError `CLOSED`
   */
  async wait(count: number, { signal, timeoutMs = Infinity }: StreamWaitOptions = {}): Promise<boolean> {
    signal?.throwIfAborted()
    if (this.#consumers.count >= count) return true
    let timer: NodeJS.Timeout | undefined
    let abort: (() => void) | undefined
    let waiting: Waiting | undefined
    try {
      return await new Promise<boolean>((resolve, reject) => {
        waiting = { count, resolve, reject }
        this.#waiting.add(waiting)
        if (timeoutMs !== Infinity) timer = setTimeout(() => resolve(this.#isReady(count)), timeoutMs).unref()
        abort = () => reject(signal?.reason)
        signal?.addEventListener('abort', abort)
        if (!this.#isRunning) void this.#run()
      })
    } finally {
      clearTimeout(timer)
      if (abort !== undefined) signal?.removeEventListener('abort', abort)
      if (waiting !== undefined && this.#waiting.delete(waiting)) this.#participant.waiter.wake()
    }
  }

  /** One loop for all waits together. It takes turn after turn, because a task that is queued behind it ends its turn. */
  async #run(): Promise<void> {
    const { waiter } = this.#participant
    this.#isRunning = true
    this.#turns.onQueue = () => waiter.wake()
    const isThere = () => this.#turns.hasNext || this.#hasNews()
    const condition = { isThere, asksKernel: true, watchPeers: () => false }
    try {
      while (this.#waiting.size !== 0) {
        await this.#turns.take({}, () => waiter.wait(condition))
        this.#settle()
      }
    } catch (error) {
      for (const { reject } of this.#waiting) reject(error)
    } finally {
      this.#turns.onQueue = undefined
      this.#isRunning = false
    }
  }

  #isReady(count: number): boolean {
    return !this.#participant.closed && this.#consumers.count >= count
  }

  #hasNews(): boolean {
    if (this.#participant.closed || this.#waiting.size === 0) return true
    const ready = this.#consumers.count
    for (const { count } of this.#waiting) if (ready >= count) return true
    return false
  }

  #settle(): void {
    const closed: SharedMemoryError | undefined = this.#participant.closed ? this.#participant.closedError() : undefined
    const ready = closed === undefined ? this.#consumers.count : 0
    for (const waiting of this.#waiting) {
      if (closed !== undefined) waiting.reject(closed)
      else if (ready >= waiting.count) waiting.resolve(true)
      else continue
      this.#waiting.delete(waiting)
    }
  }
}
