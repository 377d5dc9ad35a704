import { setImmediate } from '@memlane/core/internal'

const MESSAGES_PER_ROUND = 512

/** Lets the event loop run now and then while messages come without a wait. Otherwise timers, signals and sockets would starve. */
export class Rounds {
  #messages = 0

  /** @returns what to await before the next message. Usually undefined: then it is too early for another round */
  after(messages: number): Promise<void> | undefined {
    this.#messages += messages
    if (this.#messages < MESSAGES_PER_ROUND) return undefined
    this.#messages = 0
    return new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}
