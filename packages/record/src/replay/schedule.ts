import { clearTimeout, now, setImmediate, setTimeout } from '@memlane/core/internal'

/** Timers fire up to a millisecond late, so the last part of a wait blocks the thread. In milliseconds. */
const BLOCKING_MS = 1.5
/** For so long at most, the event loop has no turn. */
const TURN_MS = 5

/** Waits until each message is due, and can be paused. */
export class Schedule {
  readonly #rate: number
  readonly #cell = new Int32Array(new SharedArrayBuffer(4))
  /** When the message with time 0 is due, on the clock of `now`. Undefined until the first message. */
  #startMs: number | undefined
  #isPaused: boolean
  #steps = 0
  #isStopped = false
  #lastTurnMs = now()
  /** Ends the present wait. */
  #wake: (() => void) | undefined

  /** @param rate how many times as fast as recorded; Infinity for no waits */
  constructor(rate: number, isPaused: boolean) {
    this.#rate = rate
    this.#isPaused = isPaused
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  pause(): void {
    this.#isPaused = true
    this.#wake?.()
  }

  resume(): void {
    this.#isPaused = false
    this.#wake?.()
  }

  /** Lets so many messages go while paused. */
  step(count: number): void {
    this.#steps += count
    this.#wake?.()
  }

  stop(): void {
    this.#isStopped = true
    this.#wake?.()
  }

  /** Begins anew: the next message is due at once. */
  restart(): void {
    this.#startMs = undefined
  }

  /**
   * Waits until a message is due.
   *
   * @param timeMs its time in the recording
   * @returns how late it is, in milliseconds; undefined if it has no time, because it was stepped to or the rate has no limit
   */
  async wait(timeMs: number): Promise<number | undefined> {
    for (;;) {
      if (this.#isStopped) return undefined
      if (this.#isPaused) {
        if (this.#steps > 0) {
          this.#steps--
          this.#startMs = undefined
          return undefined
        }
        this.#startMs = undefined
        await this.#sleep(undefined)
        continue
      }
      const timeNow = now()
      if (timeNow - this.#lastTurnMs >= TURN_MS) {
        await this.#turn()
        continue
      }
      if (this.#rate === Infinity) return undefined
      this.#startMs ??= timeNow - timeMs / this.#rate
      const leftMs = this.#startMs + timeMs / this.#rate - timeNow
      if (leftMs <= 0) return -leftMs
      if (leftMs > BLOCKING_MS) await this.#sleep(Math.floor(leftMs - BLOCKING_MS))
      else Atomics.wait(this.#cell, 0, 0, leftMs)
    }
  }

  async #sleep(ms: number | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      // Without a limit, the timer only keeps the process running.
      const timer = setTimeout(resolve, Math.min(ms ?? Infinity, 2 ** 31 - 1))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
    this.#lastTurnMs = now()
  }

  async #turn(): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    this.#lastTurnMs = now()
  }
}
