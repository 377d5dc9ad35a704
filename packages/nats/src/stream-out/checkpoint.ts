/**
 * How far JetStream has the messages of a memory, in a file. It survives a kill of the bridge. It need not survive a reboot, because the
 * memory does not: so the file is replaced, but not forced to the disk.
 */

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from '@memlane/core/internal'
import { z } from 'zod'

/** The most time between a change and its write. A restarted bridge publishes again at most what was settled in that time. */
const WRITE_MS = 100

const number = z.int().min(0)
const contents = z.strictObject({
  /** The memory, as 32 hexadecimal digits. */
  instance: z.string(),
  /** For each lane, the number of the first message that is not settled. */
  lanes: z.record(z.string(), number),
  /** A sequence of JetStream's stream: all settled messages that the stream holds are at or before it. */
  stored: number,
})

export class Checkpoint {
  readonly #file: string
  #instance = ''
  #lanes = new Map<number, number>()
  #stored = 0
  #timer: NodeJS.Timeout | undefined

  /** Reads the file, if it is there. A file that cannot be right counts as missing. */
  constructor(folder: string) {
    this.#file = join(folder, 'checkpoint.json')
    try {
      const { instance, lanes, stored } = contents.parse(JSON.parse(readFileSync(this.#file, 'utf8')))
      this.#instance = instance
      this.#lanes = new Map(Object.entries(lanes).map(([lane, next]) => [Number(lane), next]))
      this.#stored = stored
    } catch {
      // the first start of this route
    }
  }

  /** The memory that it speaks of; empty if there is none. */
  get instance(): string {
    return this.#instance
  }

  /** See `contents.stored`. */
  get stored(): number {
    return this.#stored
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
    this.write()
  }

  /** Notes what is settled. Writes the file soon. */
  note(lane: number, next: number): void {
    this.#lanes.set(lane, next)
    this.#timer ??= setTimeout(() => this.write(), WRITE_MS)
  }

  noteStored(stored: number): void {
    if (stored > this.#stored) this.#stored = stored
  }

  /** Writes the file now. */
  write(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lanes = Object.fromEntries(this.#lanes)
    const text = JSON.stringify({ instance: this.#instance, lanes, stored: this.#stored })
    const next = `${this.#file}.new`
    writeFileSync(next, text)
    renameSync(next, this.#file)
  }
}
