/**
 * A latest on plain memory. A case changes the bytes of a correct latest, then reads it and writes it, and changes it again meanwhile.
 * Whatever the bytes, a reader gives values that lie inside its cells, or a LayoutError, and the newest value that a writer has set.
 */

import { KeyReader } from '@memlane/consumer'
import { LayoutError } from '@memlane/protocol'
import { CellWriter, codecOf, keyPlacesOf } from '@memlane/protocol/internal'
import { oneOf, type Random } from '@memlane/testing/random'
import { below, scribble } from './mutation.js'
import { Event, events } from './payloads.js'
import { sizeOf } from './size-of.js'

const CAPACITY = 512
const schema = codecOf(Event)
const { keys, cellsLength } = keyPlacesOf([schema.descriptor], CAPACITY)
const [place] = keys as [(typeof keys)[0]]
const cells = new ArrayBuffer(cellsLength)
const bytes = new Uint8Array(cells)

/** What a reader needs of its latest. */
const channel = { control: { inOrder: false }, explain: (error: unknown) => error }
const participant = { channel, closed: false, checkOpen: () => {}, explained: <T>(attempt: () => T) => attempt() }
type Slot = ConstructorParameters<typeof KeyReader>[0]
const slot = { participant, waits: undefined, channel, addKey: () => {} } as unknown as Slot

class LatestCase {
  values = 0
  refusal: LayoutError | undefined
  readonly #random: Random
  readonly #reader = new KeyReader(slot, schema, cells, place)

  constructor(random: Random) {
    this.#random = random
  }

  run(): void {
    const random = this.#random
    bytes.fill(0)
    for (let count = below(random, 6); count > 0; count--) this.#set(new CellWriter(cells, place))
    for (let round = 0; round < 3; round++) {
      scribble(random, bytes, 6)
      for (let count = 1 + below(random, 6); count > 0; count--) this.#step()
    }
  }

  #step(): void {
    const reader = this.#reader
    const steps = [
      () => reader.get(),
      () => reader.read((view) => this.#look(view)),
      () =>
        reader.read((view) => {
          scribble(this.#random, bytes)
          return this.#look(view)
        }),
      () => [reader.version, reader.age],
      () => this.#setAndGet(),
    ]
    try {
      const value = oneOf(this.#random, steps)()
      if (value === undefined) return
      if (sizeOf(value) > 64 * CAPACITY) throw new Error('a value is longer than its cell')
      this.values++
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error
      this.refusal = error
    }
  }

  #look({ kind, value }: { kind: string; value: unknown }): unknown {
    return [kind, typeof value === 'object' && value !== null ? { ...value } : value]
  }

  #setAndGet(): unknown {
    const writer = new CellWriter(cells, place)
    const { version } = writer
    this.#set(writer)
    if (writer.version !== (version + 1) % 2 ** 53) throw new Error('the version does not rise by one')
    const value = this.#reader.get()
    // The version behind the largest one is 0. It says that no value was ever set.
    if (value === undefined && writer.version !== 0) throw new Error('the value that was set is not there')
    return value
  }

  #set(writer: CellWriter): void {
    const fitting = events.filter((event) => Event.measure(event) <= CAPACITY)
    const event = oneOf(this.#random, fitting)
    Event.measure(event)
    writer.publish(Event.encode(writer.data, writer.nextOffset, event), 1)
  }
}

export function runLatest(random: Random): number {
  const latestCase = new LatestCase(random)
  latestCase.run()
  if (latestCase.refusal !== undefined) throw latestCase.refusal
  return latestCase.values
}
