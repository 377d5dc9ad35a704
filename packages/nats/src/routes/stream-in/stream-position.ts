import { join } from 'node:path'
import { KeptRecord } from '../../state/kept-record.js'
import type { LaneMark } from './local-stream.js'
import { runsOf, type SequenceRuns, sequencesIn } from './sequence-runs.js'

/** A part of a batch that is about to be sent to one local stream. */
export interface IntendedPart extends LaneMark {
  readonly name: string
  readonly sequences: SequenceRuns
}

/** What the state file holds. */
interface Kept {
  /** When the stream of JetStream was made: another one of the same name counts anew. */
  readonly created: string
  /** Each message up to this number is done, apart from those below. */
  readonly last: number
  /** When JetStream stored it, in milliseconds since 1970. */
  readonly lastTime: number
  /** Messages before `last` that no local stream has. */
  readonly left: SequenceRuns
  /** Messages that were being sent: the lanes tell which of them they got. */
  readonly parts: readonly IntendedPart[]
  /** Parts of an earlier batch, of which it is not known yet how far they came. */
  readonly unsure: readonly IntendedPart[]
}

const NOTHING: Kept = { created: '', last: 0, lastTime: 0, left: [], parts: [], unsure: [] }

/**
 * How far a route has come in the stream of JetStream. It survives kills: before a batch goes to local streams, the state file gets an
 * intent, and afterwards the result.
 */
export class StreamPosition {
  readonly #record: KeptRecord<Kept>
  #kept: Kept
  readonly #left: Set<number>

  /** @throws Error of the file system */
  constructor(folder: string) {
    this.#record = new KeptRecord(join(folder, 'position'))
    this.#kept = this.#record.newest ?? NOTHING
    this.#left = new Set(sequencesIn(this.#kept.left))
  }

  /** True if there was no state file. */
  get isNew(): boolean {
    return this.#kept.created === ''
  }

  get created(): string {
    return this.#kept.created
  }

  get last(): number {
    return this.#kept.last
  }

  get lastTime(): number {
    return this.#kept.lastTime
  }

  /** The parts that a kill has interrupted. `settle` ends them. */
  get interrupted(): readonly IntendedPart[] {
    return [...this.#kept.unsure, ...this.#kept.parts]
  }

  /** The first message that is not done. */
  get next(): number {
    for (const sequence of this.#left) return sequence
    return this.last + 1
  }

  /** Tells whether a message still has to be sent. The caller does so. */
  take(sequence: number): boolean {
    return sequence > this.last || this.#left.delete(sequence)
  }

  /** Forgets messages before this one that JetStream does not have any more. @returns how many */
  skipTo(sequence: number): number {
    let skipped = 0
    for (const left of this.#left) {
      if (left >= sequence) break
      this.#left.delete(left)
      skipped++
    }
    return skipped
  }

  /** Ends the parts of the intent: these messages of them were not sent. */
  settle(left: Iterable<number>, unsure: readonly IntendedPart[]): void {
    this.#reopen(left)
    this.#write(this.last, this.lastTime, [], unsure)
  }

  #reopen(left: Iterable<number>): void {
    const all = [...this.#left, ...left].sort((a, b) => a - b)
    this.#left.clear() // a set keeps the order of the insertions
    for (const sequence of all) this.#left.add(sequence)
  }

  /** Begins anew with another stream of JetStream, or one that was cut. Everything up to `last` counts as done. */
  restart(created: string, last: number): void {
    this.#left.clear()
    this.#kept = { ...this.#kept, created }
    this.#write(last, 0, [], [])
  }

  /** Notes that messages up to `last` are about to be sent. */
  intend(last: number, lastTime: number, parts: readonly IntendedPart[], unsure: readonly IntendedPart[]): void {
    if (this.#left.size > 0) {
      for (const { sequences } of parts) for (const sequence of sequencesIn(sequences)) this.#left.delete(sequence)
    }
    if (last > this.last) this.#write(last, lastTime, parts, unsure)
    else this.#write(this.last, this.lastTime, parts, unsure)
  }

  close(): void {
    this.#record.close()
  }

  #write(last: number, lastTime: number, parts: readonly IntendedPart[], unsure: readonly IntendedPart[]): void {
    this.#kept = { created: this.created, last, lastTime, left: runsOf(this.#left), parts, unsure }
    this.#record.write(this.#kept)
  }
}
