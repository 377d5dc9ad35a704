import { now, setImmediate } from '@memlane/core/internal'

/** How long messages may come without a wait before the event loop runs. That takes some microseconds. */
const INTERVAL_MS = 0.5
const MESSAGES_PER_CLOCK = 16

/** When the event loop of this thread runs next. */
let next = 0

/** Lets the event loop run now and then while messages come without a wait. Otherwise timers, signals and sockets would starve. */
export class Rounds {
  #messages = 0

  /** @returns what to await before the next message. Usually undefined: then it is too early for another round */
  after(messages: number): Promise<void> | undefined {
    this.#messages += messages
    if (this.#messages < MESSAGES_PER_CLOCK) return undefined
    this.#messages = 0
    return now() < next ? undefined : new Promise(runEventLoop)
  }
}

function runEventLoop(done: () => void): void {
  setImmediate(() => {
    next = now() + INTERVAL_MS
    done()
  })
}
