import { setImmediate, steadyNow } from '@memlane/core/internal'

/** How much the time may lag behind while many messages are sent without a pause. For pauses, see CoarseClock. */
const LAG_MS = 1
const MAX_STRIDE = 64

/**
 * The steady clock, for calls at each message. Reading it takes as long as sending a fast message. So while calls come
 * fast, only one in up to 64 calls reads it. After each round of the event loop, the next call reads it again. In a thread that never
 * runs its event loop, up to 63 calls after a pause may get a time from before it.
 */
export class CoarseClock {
  #time = 0
  #stride = 1
  #left = 0
  #armed = false
  readonly #restart = () => {
    this.#armed = false
    this.#stride = 1
    this.#left = 0
  }

  /** Milliseconds of the steady clock. */
  readonly now = (): number => (this.#left-- > 0 ? this.#time : this.#read())

  #read(): number {
    const time = steadyNow()
    this.#stride = time - this.#time < LAG_MS ? Math.min(MAX_STRIDE, 2 * this.#stride) : 1
    this.#time = time
    this.#left = this.#stride - 1
    if (!this.#armed && this.#left !== 0) {
      this.#armed = true
      setImmediate(this.#restart).unref()
    }
    return time
  }
}
