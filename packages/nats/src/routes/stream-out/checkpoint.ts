/**
 * How far JetStream has the messages of a memory, in a file. It survives a kill of the bridge. It need not survive a reboot, because the
 * memory does not.
 *
 * The file is written before settled messages leave their lane or the spill file. So these always hold all messages behind the checkpoint.
 */

import { join } from 'node:path'
import { KeptRecord } from '../../state/kept-record.js'

interface Contents {
  /** The memory, as 32 hexadecimal digits. */
  readonly instance: string
  /** For each lane, the number of the first message that is not settled. */
  readonly lanes: Readonly<Record<string, number>>
  /** A sequence of JetStream's stream: messages that are stored and not settled lie behind it. -1 if unknown. */
  readonly stored: number
  /** Up to where the messages of the spill file are settled: see SpillFile. */
  readonly spill: number
}

export class Checkpoint {
  readonly #record: KeptRecord<Contents>
  readonly #lanes: Map<number, number>
  #instance: string
  #stored: number
  #spill: number
  #isChanged = false

  /** Reads the file, if it is there. */
  constructor(folder: string) {
    this.#record = new KeptRecord(join(folder, 'checkpoint'))
    const { instance = '', lanes = {}, stored = -1, spill = 0 } = this.#record.newest ?? {}
    this.#instance = instance
    this.#lanes = new Map(Object.entries(lanes).map(([lane, next]) => [Number(lane), next]))
    this.#stored = stored
    this.#spill = spill
  }

  /** The memory that it speaks of; empty if there is none. */
  get instance(): string {
    return this.#instance
  }

  /** True if something was noted since the last write. */
  get isChanged(): boolean {
    return this.#isChanged
  }

  /** See Contents. */
  get stored(): number {
    return this.#stored
  }

  /** See Contents. */
  get spill(): number {
    return this.#spill
  }

  /** The number of the first message of a lane that is not settled; undefined if unknown. */
  nextOf(lane: number): number | undefined {
    return this.#lanes.get(lane)
  }

  /** Begins with a memory. Writes the file at once: from now on, messages of that memory may be in JetStream. */
  begin(instance: string): void {
    if (instance === this.#instance) return
    this.#instance = instance
    this.#lanes.clear()
    this.#isChanged = true
    this.write()
  }

  /** Notes what is settled. */
  note(instance: string, lane: number, next: number): void {
    if (instance !== this.#instance) return // spilled, from an earlier memory
    this.#lanes.set(lane, next)
    this.#isChanged = true
  }

  /** Notes the sequence of the last settled message in the stream of JetStream. */
  noteStored(stored: number): void {
    this.#stored = stored
    this.#isChanged = true
  }

  noteSpill(position: number): void {
    this.#spill = position
    this.#isChanged = true
  }

  /** Writes the file if anything has changed. Takes some microseconds. */
  write(): void {
    if (!this.#isChanged) return
    const lanes = Object.fromEntries(this.#lanes)
    this.#record.write({ instance: this.#instance, lanes, stored: this.#stored, spill: this.#spill })
    this.#isChanged = false
  }

  /** Writes the file, and closes it. */
  close(): void {
    try {
      this.write()
    } finally {
      this.#record.close()
    }
  }
}
