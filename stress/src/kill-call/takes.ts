/** Notes in the ledger which calls this process takes. noted-atomics.ts calls it around each take. */
import { type CallFields, requestOffset } from '../../../packages/protocol/src/call/call-header.js'
import type { CallLedger } from './ledger.js'

/** The word of the header that holds maxAnswerLength: the request follows the answer. */
const MAX_ANSWER_LENGTH = 11
/** The first two words of a request: see Numbered. */
const AUTHOR = 0
const OWN = 1

class Takes {
  #ledger: CallLedger | undefined
  #me = 0

  /** From now on, the takes of this process are those of participant `me`. */
  noteIn(ledger: CallLedger, me: number): void {
    this.#ledger = ledger
    this.#me = me
  }

  /** Tries to take the call in a slot, and notes it. */
  note(words: Int32Array, index: number, take: () => boolean): boolean {
    const ledger = this.#ledger
    if (ledger === undefined) return take()
    const header = { maxAnswerLength: words[MAX_ANSWER_LENGTH] } as CallFields
    const request = index + requestOffset(header) / 4
    const author = words[request + AUTHOR] as number
    const own = words[request + OWN] as number
    ledger.taking(author, own, this.#me)
    const hasTaken = take()
    if (hasTaken) ledger.took(author, own, this.#me)
    return hasTaken
  }
}

export const takes = new Takes()
