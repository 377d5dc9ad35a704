import { setImmediate } from 'node:timers/promises'

const MESSAGES_PER_ROUND = 512

/**
 * Has the event loop go round now and then while messages never have to be waited for: timers, signals and sockets would
 * otherwise have to wait as long as that lasts.
 */
export class Rounds {
  #messages = 0

  /** @returns what to await before going on; undefined, nearly always, when it is too early for another round */
  after(messages: number): Promise<void> | undefined {
    this.#messages += messages
    if (this.#messages < MESSAGES_PER_ROUND) return undefined
    this.#messages = 0
    return setImmediate()
  }
}
