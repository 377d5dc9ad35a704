/**
 * Streams on plain memory, with small lanes. A case changes the bytes of a correct stream, then takes it up, reads and writes it,
 * and changes it again meanwhile. Whatever the bytes, readers give messages inside the lane or a LayoutError, and messages
 * that a writer has published can be read.
 */

import { HeldCursor, type LaneCursor, OverwrittenCursor, wideStart } from '@memlane/channel'
import { LayoutError } from '@memlane/protocol'
import {
  ConsumerSlot,
  findEnd,
  LaneReader,
  newChannelHeader,
  ProducerSlot,
  Sleepers,
  SleepMark,
  StreamControl,
  type StreamFields,
  type StreamHeader,
  streamShape,
  writeChannelHeader,
} from '@memlane/protocol/internal'
import { oneOf, type Random, randomFrom } from '@memlane/testing/random'
import { below, hostileWord, scribble } from './mutation.js'
import { Event, events } from './payloads.js'
import { ReferenceReader } from './reference.js'
import { sizeOf } from './size-of.js'

const CAPACITY = 4096
const MOST_MESSAGES = CAPACITY / 8
const PRODUCERS = 2
const CONSUMERS = 2
/** Messages that the lanes carry before they are changed. */
const CARRIED = 90

const dimensions = { maxProducers: PRODUCERS, maxConsumers: CONSUMERS }
const schema = new TextEncoder().encode('{}')

/** The header of a stream whose lanes are smaller than allowed, so that they wrap often. */
function headerOf(
  overflow: StreamFields['overflow'],
  withoutConsumers: StreamFields['withoutConsumers'],
): StreamHeader {
  const fields = { ...dimensions, capacity: 65_536, overflow, withoutConsumers }
  return { ...newChannelHeader(streamShape, fields, schema, new Uint8Array(16).fill(7)), capacity: CAPACITY }
}

const places = headerOf('wait', 'wait')

// Offsets in the memory: see docs/wire-format-stream.md.
const MASKS = [128, 256, 260, 264, 384, 512, 516]
const PRODUCER_SLOTS = 1024
const SLOT_LENGTH = 128
const BASE_OFFSET = 8
const CONSUMER_SLOTS = PRODUCER_SLOTS + PRODUCERS * SLOT_LENGTH
const CONTROL_LENGTH = places.schemaOffset

interface Original {
  readonly header: StreamHeader
  readonly control: Uint8Array
  readonly lanes: readonly Uint8Array[]
  /** The positions in the first lane where records begin, and the position after the last message. */
  readonly boundaries: readonly number[]
}

function originalOf(
  overflow: StreamFields['overflow'],
  withoutConsumers: StreamFields['withoutConsumers'],
  start: number,
) {
  const header = headerOf(overflow, withoutConsumers)
  const buffer = new ArrayBuffer(places.controlLength)
  writeChannelHeader(buffer, streamShape, header, schema)
  const data = new DataView(buffer)
  const control = new StreamControl(buffer, header)
  const consumer = new ConsumerSlot(control, 0)
  const lanes = [new ArrayBuffer(CAPACITY), new ArrayBuffer(CAPACITY)]
  const random = randomFrom(start)
  for (const [producer, lane] of lanes.entries()) {
    const base = PRODUCER_SLOTS + producer * SLOT_LENGTH + BASE_OFFSET
    data.setUint32(base, start, true)
    data.setUint32(base + 8, start, true)
    if (overflow === 'overwrite') data.setUint32(base + 4, 3, true)
    if (overflow === 'wait' && producer === 0) consumer.join()
    const slot = new ProducerSlot(control, producer, lane)
    for (let count = 0; count < CARRIED; count++) {
      if (!send(slot, oneOf(random, events)) && overflow === 'wait') consumer.release(producer, slot.lane.position)
    }
  }
  const boundaries: number[] = []
  const reader = new LaneReader(lanes[0] as ArrayBuffer, 0, CAPACITY, control.baseOf(0))
  do boundaries.push(reader.position)
  while (reader.next() !== -1)

  return {
    header,
    control: new Uint8Array(buffer, 0, CONTROL_LENGTH).slice(),
    lanes: lanes.map((lane) => new Uint8Array(lane)),
    boundaries,
  }
}

function send({ lane }: ProducerSlot, message: (typeof events)[number]): boolean {
  const offset = lane.claim(Event.measure(message))
  if (offset === -1) return false
  lane.commit(Event.encode(lane.data, offset, message))
  return true
}

/** The second begins shortly before positions wrap. */
const originals: readonly Original[] = [0, 2 ** 32 - 2 * CAPACITY].flatMap((start) => [
  originalOf('wait', 'keep-latest', start),
  originalOf('wait', 'wait', start),
  originalOf('overwrite', 'keep-latest', start),
])

const controlBuffer = new ArrayBuffer(places.controlLength)
const controlBytes = new Uint8Array(controlBuffer, 0, CONTROL_LENGTH)
const controlData = new DataView(controlBuffer)
const lanes = Array.from({ length: PRODUCERS }, () => new ArrayBuffer(CAPACITY))
const copy = new ArrayBuffer(CAPACITY / 2 - 16)

/** One case: steps with a stream whose memory is damaged in between. */
class StreamCase {
  messages = 0
  refusal: LayoutError | undefined
  readonly #random: Random
  readonly #original: Original
  readonly #control: StreamControl
  readonly #inOrder: boolean
  readonly #wide: boolean
  /** True if no byte is changed. Then no LayoutError is allowed. */
  readonly #isUnchanged: boolean
  readonly #producers: (ProducerSlot | undefined)[] = []
  readonly #cursors: LaneCursor<unknown>[] = []
  #consumer: ConsumerSlot | undefined

  constructor(random: Random) {
    this.#random = random
    this.#original = oneOf(random, originals)
    this.#inOrder = random() < 0.5
    this.#isUnchanged = random() < 0.05
    controlBytes.set(this.#original.control)
    for (const [index, lane] of lanes.entries()) new Uint8Array(lane).set(this.#original.lanes[index] as Uint8Array)
    this.#control = new StreamControl(controlBuffer, this.#original.header, this.#inOrder)
    this.#wide = this.#original.header.overflow === 'overwrite'
  }

  run(): void {
    const random = this.#random
    const isUnchanged = this.#isUnchanged
    const steps = isUnchanged ? READING_STEPS : STEPS
    if (!isUnchanged) this.#damage()
    for (let left = 3 + below(random, 8); left > 0; left--) {
      if (!isUnchanged && random() < 0.25) this.#damage()
      oneOf(random, steps)(this)
    }
    if (isUnchanged && this.refusal !== undefined) throw new Error('refused, though in order', { cause: this.refusal })
  }

  #damage(): void {
    const random = this.#random
    const { boundaries } = this.#original
    const lane = new Uint8Array(oneOf(random, lanes))
    const choice = random()
    if (choice < 0.3) this.#damageRecord()
    else if (choice < 0.4) scribble(random, lane, 6)
    else if (choice < 0.45) new Int32Array(lane.buffer).fill(oneOf(random, ENDLESS))
    else if (choice < 0.9) {
      for (let left = 1 + below(random, 4); left > 0; left--) {
        controlData.setInt32(this.#placeInControl(), hostileWord(random, boundaries), true)
      }
    } else scribble(random, controlBytes.subarray(128), 6, boundaries)
  }

  #placeInControl(): number {
    const random = this.#random
    const choice = random()
    if (choice < 0.15) return oneOf(random, MASKS)
    if (choice < 0.75) return PRODUCER_SLOTS + SLOT_LENGTH * below(random, PRODUCERS) + 4 * below(random, 6)
    return CONSUMER_SLOTS + 2 * SLOT_LENGTH * below(random, CONSUMERS) + oneOf(random, [0, 128, 132])
  }

  /** Changes the commit word of a record. */
  #damageRecord(): void {
    const random = this.#random
    const place = (oneOf(random, this.#original.boundaries) >>> 0) % CAPACITY
    const data = new DataView(oneOf(random, lanes))
    const commit = data.getInt32(place, true)
    const rest = CAPACITY - place
    const word = oneOf(random, [
      () => commit ^ (1 << below(random, 32)),
      () => commit ^ 4,
      () => (commit & ~3) | below(random, 4),
      () => commit + 8 * oneOf(random, [1, -1, 8, -8, 9]),
      () => ((rest - 8) << 3) | oneOf(random, [1, 2, 5, 6]),
      () => ((rest + oneOf(random, [-7, 0, 1, 8, -16])) << 3) | oneOf(random, [1, 2, 5, 6]),
      () => oneOf(random, ENDLESS),
      () => hostileWord(random),
    ])()
    data.setInt32(place, word, true)
  }

  /** Runs an action that may throw a LayoutError. */
  #attempt<T>(act: () => T): T | undefined {
    try {
      return act()
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error
      this.refusal = error
      return undefined
    }
  }

  get #producer(): number {
    return below(this.#random, PRODUCERS)
  }

  /** The base in the stream's memory, or any position. */
  #startIn(producer: number): number {
    const random = this.#random
    if (this.#isUnchanged || random() < 0.8) return this.#control.baseOf(producer)
    return hostileWord(random, this.#original.boundaries)
  }

  /** Compares a reader with the reference, record by record. */
  walk(): void {
    const producer = this.#producer
    const lane = lanes[producer] as ArrayBuffer
    const start = this.#startIn(producer)
    const expected = new ReferenceReader(lane, start)
    const reader = this.#attempt(() => new LaneReader(lane, 0, CAPACITY, start, this.#inOrder))
    if (reader === undefined) {
      if (expected.next() !== 'corrupt') throw new Error(`no reader at ${start}`)
      return
    }
    for (let steps = 0; steps < MOST_MESSAGES + 2; steps++) {
      const before = reader.position
      const isReady = reader.ready()
      const found = expected.next()
      let offset: number
      try {
        offset = reader.next()
      } catch (error) {
        if (!(error instanceof LayoutError)) throw error
        this.refusal = error
        if (found !== 'corrupt' || reader.position !== before)
          this.#differs(before, found, `position ${reader.position}`)
        return
      }
      if (offset === -1) {
        if (found !== 'end' || isReady) this.#differs(before, found, isReady ? 'ready, and nothing' : 'nothing')
        return
      }
      const { length, sequence, position } = reader
      if (typeof found === 'string') this.#differs(before, found, `a message at ${offset}`)
      const same = found.offset === offset && found.length === length && found.sequence === sequence >>> 0
      if (!same || found.next !== position >>> 0 || !isReady) this.#differs(before, found, `${offset}, ${length}`)
      this.#check(offset, length)
      this.#attempt(() => sizeOf(Event.decode(reader.data, offset, length)))
      this.messages++
    }
  }

  #differs(position: number, expected: unknown, found: string): never {
    throw new Error(`at ${position}, not ${JSON.stringify(expected)} but ${found}`)
  }

  #check(offset: number, length: number): void {
    if (offset < 8 || length < 0 || offset + length > CAPACITY) throw new Error(`outside: ${length} bytes at ${offset}`)
  }

  findEnd(): void {
    const producer = this.#producer
    const lane = lanes[producer] as ArrayBuffer
    const position = this.#startIn(producer)
    const end = this.#attempt(() => findEnd(lane, 0, CAPACITY, { position, sequence: 0 }))
    if (end === undefined) return
    const far = (end.position - position) | 0
    if (far < 0 || far > 2 * CAPACITY) throw new Error(`an end at ${end.position}, from ${position}`)
  }

  openCursor(): void {
    const control = this.#control
    const producer = this.#producer
    const lane = lanes[producer] as ArrayBuffer
    const from = this.#random() < 0.5 ? 'now' : 'oldest'
    const cursor = this.#attempt((): LaneCursor<unknown> => {
      if (this.#wide) {
        const start = wideStart(control, producer, from)
        return new OverwrittenCursor(
          control,
          producer,
          lane,
          Event.view,
          start,
          copy,
          oneOf(this.#random, [0, undefined]),
        )
      }
      const joined = this.#consumer !== undefined && !this.#isUnchanged
      const oldest = joined ? control.positionOf(1, producer) : control.baseOf(producer)
      const start = from === 'now' ? control.recentEndOf(producer) : oldest
      return new HeldCursor(control, producer, lane, Event.view, start, this.#consumer, undefined)
    })
    if (cursor === undefined) return
    this.#cursors.push(cursor)
    if (from === 'now') this.#attempt(() => cursor.skipToEnd())
  }

  #withCursor(act: (cursor: LaneCursor<unknown>) => void): void {
    if (this.#cursors.length === 0) this.openCursor()
    if (this.#cursors.length > 0) act(oneOf(this.#random, this.#cursors))
  }

  receive(): void {
    this.#withCursor((cursor) => {
      for (let left = below(this.#random, 100); left > 0; left--) {
        if (!this.#attempt(() => cursor.next())) return
        const { data, offset, length } = cursor
        if (offset + length > data.byteLength) throw new Error(`outside: ${length} bytes at ${offset}`)
        this.#attempt(() => sizeOf(Event.decode(data, offset, length)))
        this.messages++
      }
    })
  }

  drain(): void {
    this.#withCursor((cursor) => {
      const limit = below(this.#random, 100)
      const looks = below(this.#random, 4)
      let handled = 0
      const handle = (view: unknown) => {
        handled++
        sizeOf(view)
      }
      this.#attempt(() => cursor.drain(handle, limit, looks))
      if (handled > limit) throw new Error(`${handled} messages, not ${limit}`)
      this.messages += handled
    })
  }

  count(): void {
    this.#withCursor((cursor) => {
      const count = this.#attempt(() => cursor.count()) ?? 0
      if (count < 0 || count > MOST_MESSAGES) throw new Error(`counted ${count}`)
      cursor.ready()
      if (cursor.missed < 0) throw new Error(`missed ${cursor.missed}`)
    })
  }

  skip(): void {
    this.#withCursor((cursor) => this.#attempt(() => cursor.skipToEnd()))
  }

  join(): void {
    this.#consumer = new ConsumerSlot(this.#control, 1)
    if (!this.#wide) this.#consumer.join()
  }

  release(): void {
    this.#consumer?.release(this.#producer, hostileWord(this.#random, this.#original.boundaries))
    if (this.#random() < 0.2) this.#consumer?.leave()
  }

  sleep(): void {
    const control = this.#control
    const marks = [SleepMark.of(control.consumers, 1), SleepMark.of(control.producers, this.#producer)]
    for (const mark of marks) mark.set()
    for (const sleepers of [Sleepers.of(control.consumers), Sleepers.of(control.producers)]) {
      let rings = 0
      if (sleepers.any()) sleepers.forEachNew(() => rings++)
      if (rings < 1 || rings > 2) throw new Error(`${rings} rings`)
    }
    for (const mark of marks) mark.clear()
  }

  look(): void {
    const control = this.#control
    control.activeMask(0)
    if (control.activeMask(1) !== 0) throw new Error('lanes beyond the last')
    if (control.liveConsumers() >>> CONSUMERS !== 0) throw new Error('consumers beyond the last')
    for (let producer = 0; producer < PRODUCERS; producer++) {
      control.stateOf(producer)
      control.hasStayed(producer, hostileWord(this.#random) * 2 ** below(this.#random, 30))
    }
  }

  takeUp(): void {
    const producer = this.#producer
    const slot = this.#attempt(() => new ProducerSlot(this.#control, producer, lanes[producer] as ArrayBuffer))
    if (slot !== undefined) this.#producers[producer] = slot
  }

  #withProducer(act: (slot: ProducerSlot) => void): void {
    const producer = this.#producer
    if (this.#producers[producer] === undefined) this.takeUp()
    const slot = this.#producers[producer]
    if (slot !== undefined) act(slot)
  }

  send(): void {
    this.#withProducer((slot) => {
      for (let left = below(this.#random, 20); left > 0; left--) {
        const message = oneOf(this.#random, events)
        this.#checkSent(slot, () => (send(slot, message) ? [Event.measure(message)] : []))
      }
    })
  }

  /** Claims room, and then aborts the claim or commits it shorter. */
  claim(): void {
    this.#withProducer((slot) => {
      const { lane } = slot
      const length = below(this.#random, lane.maxMessageLength + 1)
      const committed = below(this.#random, length + 1)
      const isKept = this.#random() < 0.7
      this.#checkSent(slot, () => {
        const offset = lane.claim(length)
        if (offset === -1) return []
        this.#check(offset, length)
        if (offset % 8 !== 0) throw new Error(`claimed ${offset}`)
        new Uint8Array(lane.data.buffer, offset, length).fill(0xff)
        if (isKept) lane.commit(committed)
        else lane.abort()
        return isKept ? [committed] : []
      })
    })
  }

  fill(): void {
    this.#withProducer((slot) => {
      const length = below(this.#random, 200)
      const count = below(this.#random, 40)
      this.#checkSent(slot, () => {
        slot.lane.beginBatch()
        const done = slot.lane.fill(count, length, OFFSETS, (offset) => this.#check(offset, length))
        slot.lane.endBatch()
        return Array(done).fill(length)
      })
    })
  }

  batch(): void {
    this.#withProducer((slot) => {
      const { lane } = slot
      const lengths = Array.from({ length: below(this.#random, 30) }, () => below(this.#random, 300))
      this.#checkSent(slot, () => {
        lane.beginBatch()
        let done = 0
        for (; done < lengths.length && lane.claim(lengths[done] as number) !== -1; done++) lane.commit()
        lane.endBatch()
        return lengths.slice(0, done)
      })
    })
  }

  /** Checks that readers find every published message, and then the position where they wait. */
  #checkSent({ lane }: ProducerSlot, act: () => number[]): void {
    const { position, sequence } = lane.published
    const lengths = act()
    const memory = lane.data.buffer as ArrayBuffer
    const reader = new LaneReader(memory, 0, CAPACITY, position, this.#inOrder)
    const numbers = lengths.map((length, index) => `${(sequence + index) | 0}: ${length}`)
    const found = numbers.map(() => (reader.next() === -1 ? 'nothing' : `${reader.sequence}: ${reader.length}`))
    if (found.join() !== numbers.join()) throw new Error(`sent ${numbers.join()} at ${position}, found ${found.join()}`)
    const isThere = lane.position === position ? 'nothing' : reader.next() === -1 ? 'nothing' : 'more'
    if (isThere !== 'nothing' || lane.sequence !== ((sequence + lengths.length) | 0)) {
      throw new Error(`${isThere} behind ${lengths.length} messages; ${lane.sequence} is next`)
    }
  }

  flush(): void {
    this.#withProducer((slot) => this.#attempt(() => slot.isTaken(slot.lane.position)))
  }

  close(): void {
    const producer = this.#producer
    this.#producers[producer]?.close()
    this.#producers[producer] = undefined
  }
}

const OFFSETS = { at: (offset: number) => offset }
/** Commit words that make an endless ring of records if all words of the lane are the same. */
const ENDLESS = [1, 5, 9, 0x101, 0x105]

const READING_STEPS: readonly ((streamCase: StreamCase) => void)[] = [
  (it) => it.walk(),
  (it) => it.openCursor(),
  (it) => it.receive(),
  (it) => it.drain(),
  (it) => it.count(),
  (it) => it.skip(),
  (it) => it.join(),
  (it) => it.sleep(),
  (it) => it.look(),
]

const STEPS = [
  ...READING_STEPS,
  (it: StreamCase) => it.findEnd(),
  (it: StreamCase) => it.release(),
  (it: StreamCase) => it.takeUp(),
  (it: StreamCase) => it.send(),
  (it: StreamCase) => it.claim(),
  (it: StreamCase) => it.fill(),
  (it: StreamCase) => it.batch(),
  (it: StreamCase) => it.flush(),
  (it: StreamCase) => it.close(),
]

export function runStream(random: Random): number {
  const streamCase = new StreamCase(random)
  streamCase.run()
  if (streamCase.refusal !== undefined) throw streamCase.refusal
  return streamCase.messages
}
