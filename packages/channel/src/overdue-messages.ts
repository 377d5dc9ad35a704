import { kindOf, type QueueControl, TAKEN } from '@memlane/protocol/internal'

interface Seen {
  readonly word: number
  readonly since: number
}

/**
 * Finds messages that their consumers hold for longer than `maxProcessingMs`. It counts the time from when
 * it first sees that a message is taken. So the memory need not hold the time of a take.
 */
export class OverdueMessages {
  readonly #control: QueueControl
  readonly #seen = new Map<number, Seen>()

  constructor(control: QueueControl) {
    this.#control = control
  }

  /**
   * @param now milliseconds
   * @param takeAway called for each message that is overdue
   */
  look(now: number, takeAway: (index: number, word: number) => void): void {
    const { maxProcessingMs } = this.#control.header
    this.#control.forEachSlot((index, word) => {
      if (kindOf(word) !== TAKEN) {
        this.#seen.delete(index)
        return
      }
      const seen = this.#seen.get(index)
      if (seen?.word !== word) this.#seen.set(index, { word, since: now })
      else if (now - seen.since >= maxProcessingMs) takeAway(index, word)
    })
  }
}
