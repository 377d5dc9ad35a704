import { LayoutError } from '../layout/layout-error.js'
import { changeSlot, loadSlot, setBits, storeSlot } from '../memory/atomics.js'
import { SlotTable } from '../slots/slot-table.js'
import { consumerOf, FREE, generationOf, kindOf, MAX_GENERATION, READY, slotWord, TAKEN } from '../slots/slot-word.js'
import { CLIENT_PID, LENGTH, SENT_AT } from '../slots/slots-layout.js'
import {
  ANSWER_LENGTH,
  ANSWER_OFFSET,
  type CallHeader,
  PROCEDURE,
  requestOffset,
  STATUS,
  slotDimensions,
} from './call-header.js'
import { ABANDONED, ANSWERED, DIED, PART, RETURNED_CALL } from './call-word.js'

const names = {
  producers: { role: 'client', slotName: 'client place', countOption: 'maxClients' },
  consumers: { role: 'server', slotName: 'server place', countOption: 'maxServers' },
} as const

/** The words of a channel of calls, for every participant, and how a call leaves the server that holds it. */
export class CallControl extends SlotTable {
  readonly header: CallHeader
  /** Bytes from a slot's word to its request. */
  readonly requestOffset: number

  constructor(buffer: ArrayBuffer, header: CallHeader) {
    super(buffer, { ...slotDimensions(header), schemaLength: header.schemaLength }, names)
    this.header = header
    this.requestOffset = requestOffset(header)
  }

  /** Where the request of a slot begins, in bytes: a multiple of 64. */
  requestOf(index: number): number {
    return index * 4 + this.requestOffset
  }

  /** Where the answer of a slot begins, in bytes: a multiple of 8. */
  answerOf(index: number): number {
    return index * 4 + ANSWER_OFFSET
  }

  /** @throws LayoutError `CORRUPT` */
  requestLengthOf(index: number): number {
    return this.#lengthAt(index + LENGTH, this.header.maxRequestLength, 'a request')
  }

  /** @throws LayoutError `CORRUPT` */
  answerLengthOf(index: number): number {
    return this.#lengthAt(index + ANSWER_LENGTH, this.header.maxAnswerLength, 'an answer')
  }

  /** The number of the procedure that a slot's client calls. Not checked. */
  procedureOf(index: number): number {
    return this.words[index + PROCEDURE] as number
  }

  /** The status of an answer: see call-word.ts. Not checked. */
  statusOf(index: number): number {
    return this.words[index + STATUS] as number
  }

  /** When the client no longer wants the answer: milliseconds of the system's steady clock; Infinity for never. */
  deadlineOf(index: number): number {
    const deadline = this.doubles[index / 2 + SENT_AT] as number
    return deadline > 0 ? deadline : Infinity
  }

  /** The process that holds a client's place, as it says. */
  clientPid(client: number): number {
    return (this.words[this.producers.slotIndex(client) + CLIENT_PID] as number) >>> 0
  }

  /** The first word of a client's completion bits: bit i for its slot i. They lie in the notes, which calls do not use otherwise. */
  doneIndex(client: number): number {
    return this.noteOf(this.slotIndex(client, 0)) / 4
  }

  /** Tells the slot's client that it should look at the slot. The caller must then ring the client if it sleeps. */
  announceDone(index: number): void {
    const client = this.producerOf(index)
    const slot = (index - this.slotIndex(client, 0)) / this.slotStride
    setBits(this.words, this.doneIndex(client) + (slot >> 5), 1 << (slot & 31))
  }

  /**
   * Ends a call whose answer has been written. The caller must then call `announceDone` and ring.
   *
   * @param taken what the take stored
   * @param length bytes of the answer
   * @returns false if the client has given up the call, or if the server lost it
   */
  answer(index: number, taken: number, status: number, length: number): boolean {
    const { words } = this
    words[index + STATUS] = status
    words[index + ANSWER_LENGTH] = length
    return this.leave(index, taken, ANSWERED)
  }

  /** Hands over parts that have been written, as `answer`. The server goes on when the word is what `taken` is again. */
  handOver(index: number, taken: number, length: number): boolean {
    this.words[index + ANSWER_LENGTH] = length
    return this.leave(index, taken, PART)
  }

  /** Changes a taken slot's kind. If that fails because its client has given it up, frees it. */
  leave(index: number, taken: number, kind: number): boolean {
    if (changeSlot(this.words, index, taken, withKindOf(taken, kind))) return true
    this.freeAbandoned(index, taken)
    return false
  }

  /** Frees a slot whose client has given it up. Only the server that holds it may do that, or its recovery. */
  freeAbandoned(index: number, taken: number): boolean {
    return changeSlot(this.words, index, withKindOf(taken, ABANDONED), slotWord(FREE, 0, generationOf(taken)))
  }

  /**
   * Takes a call away from a server that died, or that ends before it has answered.
   *
   * @param isDead tells whether the server has lost the call, because its lease has no holder. It is asked after each time that the word was loaded: a
   * newcomer in the same place must not lose its call
   * @param isIdempotent tells for a procedure whether another server may process the request
   * @returns what the slot holds now; undefined if that server does not hold it
   */
  giveUp(
    index: number,
    server: number,
    isDead: () => boolean,
    isIdempotent: (procedure: number) => boolean,
  ): number | undefined {
    for (;;) {
      // The client may give up the call, or take a part, meanwhile: then it is tried again.
      const word = loadSlot(this.words, index)
      const kind = kindOf(word)
      if (consumerOf(word) !== server || !isHeld(kind) || !isDead()) return undefined
      const next = kind === ABANDONED ? FREE : isIdempotent(this.procedureOf(index)) ? RETURNED_CALL : DIED
      if (changeSlot(this.words, index, word, slotWord(next, 0, generationOf(word)))) return next
    }
  }

  /**
   * Takes a call away from a server that died, as `giveUp`, and tells its client. Tells it of an answer, too: the server may have died before it
   * told. The caller must then ring.
   *
   * @param word what named the server
   */
  takeAway(index: number, word: number, isDead: () => boolean, isIdempotent: (procedure: number) => boolean): void {
    const isAnswer = kindOf(word) === ANSWERED
    if (isAnswer || this.giveUp(index, consumerOf(word), isDead, isIdempotent) !== undefined) this.announceDone(index)
  }

  /**
   * Gives up a call that nobody waits for any more.
   *
   * @param mayCancel asked after the word was loaded, for a call of another participant
   * @returns the word before; its kind is `READY` or `RETURNED_CALL`, and the slot is free now; or `TAKEN` or `PART`, and its server must be
   * rung and will free it; or another kind, and nothing has changed
   */
  cancel(index: number, mayCancel: () => boolean = always): number {
    for (;;) {
      const word = loadSlot(this.words, index)
      const kind = kindOf(word)
      if (kind === FREE || kind === ABANDONED || !mayCancel()) return word
      if (kind === READY || kind === RETURNED_CALL) {
        if (changeSlot(this.words, index, word, freeInNext(word))) return word
      } else if (kind === TAKEN || kind === PART) {
        if (changeSlot(this.words, index, word, withKindOf(word, ABANDONED))) return word
      } else return word
    }
  }

  /**
   * Cleans up after a dead client. Several servers may do it at once, without the client's lease: each word changes only once.
   *
   * @param isDead tells whether the client's lease has no holder. It is asked after each word was loaded: a newcomer in the same place must
   * not lose its call
   * @param ring called for each server that holds one of the client's calls
   */
  cleanUpAfter(client: number, isDead: () => boolean, ring: (server: number) => void): void {
    this.forEachSlotOf(client, (index) => {
      const word = this.cancel(index, isDead)
      const kind = kindOf(word)
      if (kind === TAKEN || kind === PART) ring(consumerOf(word))
      else if ((kind === ANSWERED || kind === DIED) && isDead()) changeSlot(this.words, index, word, freeInNext(word))
    })
  }

  /** Clears a client's completion bits. Call it only while holding the client's lease. */
  clearDone(client: number): void {
    const done = this.doneIndex(client)
    for (let word = 0; word < Math.ceil(this.capacity / 32); word++) storeSlot(this.words, done + word, 0)
  }

  #lengthAt(wordIndex: number, most: number, what: string): number {
    const length = this.words[wordIndex] as number
    if (length >= 0 && length <= most) return length
    const problem = `${what} of ${length >>> 0} bytes, and at most ${most} are possible`
    throw new LayoutError('CORRUPT', wordIndex * 4, problem)
  }
}

const always = () => true

/** The word of the same generation and consumer with another kind. */
export function withKindOf(word: number, kind: number): number {
  return slotWord(kind, consumerOf(word), generationOf(word))
}

/** A free slot in the next generation: the entry of its ring no longer names it. */
function freeInNext(word: number): number {
  return slotWord(FREE, 0, (generationOf(word) + 1) & MAX_GENERATION)
}

/** Tells whether a server holds a slot of that kind. */
function isHeld(kind: number): boolean {
  return kind === TAKEN || kind === PART || kind === ABANDONED
}
