import { Side } from '../channel/side.js'
import { loadOwned, storeOwned, wordsOf } from '../memory/atomics.js'
import type { LatestHeader } from './latest-header.js'
import { readerSide, STATE, STATE_CLOSED, STATE_OPEN, WRITER_SLOT_OFFSET, writerSide } from './latest-layout.js'

/** The control part of a latest: its writer, its readers, and their sleep marks. Cells are not touched here. */
export class LatestControl {
  readonly writers: Side
  readonly readers: Side
  readonly inOrder: boolean
  readonly #words: Int32Array

  /** @param inOrder whether values are published and looked for by plain accesses: see publishVersionInOrder */
  constructor(buffer: ArrayBuffer, header: LatestHeader, inOrder = false) {
    this.#words = wordsOf(buffer)
    this.inOrder = inOrder
    this.writers = new Side(this.#words, writerSide(), inOrder)
    this.readers = new Side(this.#words, readerSide(header), inOrder)
  }

  /** The word in which the sleeping readers set their bits. */
  get sleepingReaders(): Int32Array {
    const { sleepMask } = this.readers
    return this.#words.subarray(sleepMask, sleepMask + 1)
  }

  /** `open` without a holder of the lease means that the writer died. */
  get writerState(): 'unused' | 'open' | 'closed' {
    const state = loadOwned(this.#words, WRITER_SLOT_OFFSET / 4 + STATE)
    return state === STATE_OPEN ? 'open' : state === STATE_CLOSED ? 'closed' : 'unused'
  }

  /** Only for the holder of the writer's lease. */
  announceOpen(): void {
    storeOwned(this.#words, WRITER_SLOT_OFFSET / 4 + STATE, STATE_OPEN)
  }

  /** Announces an orderly end. Only for the holder of the writer's lease. */
  announceClosed(): void {
    storeOwned(this.#words, WRITER_SLOT_OFFSET / 4 + STATE, STATE_CLOSED)
  }
}
