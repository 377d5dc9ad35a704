import { seed } from '@memlane/testing/seed'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WithoutConsumers } from '../src/index.js'
import {
  ConsumerSlot,
  LaneReader,
  maxMessageLength,
  newChannelHeader,
  ProducerSlot,
  StreamControl,
  streamShape,
} from '../src/internal.js'
import { BASE, END, SEQUENCE } from '../src/stream/stream-layout.js'

/** Smaller than that of a stream, so that the ring ends often. */
const CAPACITY = 1024
const CONSUMERS = 3
const HEADER = 8
const GARBAGE = 0xee

interface Sent {
  readonly length: number
  /** Where its record ends, in wrapping bytes. */
  readonly end: number
}

const recordSize = (length: number) => (HEADER + length + 7) & -8
/** Bytes to the end of the ring if a record of this size does not fit there; else 0. */
const padding = (position: number, size: number) => {
  const toEnd = CAPACITY - (position & (CAPACITY - 1))
  return size > toEnd ? toEnd : 0
}

/** A lane with its slots, and the queue that the lane must behave like: what was sent, and how far each consumer is. */
class Trial {
  readonly sent: Sent[] = []
  readonly members: (Member | undefined)[] = Array(CONSUMERS).fill(undefined)
  readonly control: StreamControl
  readonly lane = new ArrayBuffer(CAPACITY)
  readonly #keepsLatest: boolean
  readonly #firstSequence: number
  slot: ProducerSlot | undefined
  /** Bytes of the open claim. */
  claimed: { offset: number; length: number } | undefined
  /** Messages of the open batch. */
  batch: Sent[] | undefined

  constructor(withoutConsumers: WithoutConsumers, inOrder: boolean, start: number, sequence: number) {
    const dimensions = { capacity: 65_536, maxProducers: 1, maxConsumers: CONSUMERS }
    const fields = { ...dimensions, overflow: 'wait' as const, withoutConsumers }
    const header = newChannelHeader(streamShape, fields, new TextEncoder().encode('{}'), new Uint8Array(16))
    const buffer = new ArrayBuffer(header.controlLength)
    this.control = new StreamControl(buffer, { ...header, capacity: CAPACITY }, inOrder)
    const index = this.control.producers.slotIndex(0)
    for (const field of [BASE, END]) this.control.words[index + field] = start
    this.control.words[index + SEQUENCE] = sequence
    this.#keepsLatest = withoutConsumers === 'keep-latest'
    this.#firstSequence = sequence
    this.open(start)
  }

  /** Takes the lane up. It must continue exactly after the last message that was published. */
  open(position: number): void {
    this.slot = new ProducerSlot(this.control, 0, this.lane)
    this.claimed = undefined
    this.batch = undefined
    expect(this.slot.lane.published).toEqual({ position, sequence: this.sequenceOf(this.sent.length) })
  }

  sequenceOf(number: number): number {
    return (this.#firstSequence + number) | 0
  }

  /** The first message that a reader finds from this position on. */
  numberAt(position: number): number {
    const number = this.sent.findIndex(({ end }) => ((end - position) | 0) > 0)
    return number === -1 ? this.sent.length : number
  }

  /** How many messages of this length find room, given the positions that consumers have released. */
  roomFor(length: number, most: number): number {
    const { lane } = this.slot as ProducerSlot
    const published = lane.published.position
    const behind = this.members.map((member) => (member === undefined ? 0 : (published - member.released) | 0))
    const nobody = this.members.every((member) => member === undefined)
    const base = this.#keepsLatest ? published : this.control.baseOf(0)
    const held = nobody ? (published - base) | 0 : Math.max(...behind)
    const size = recordSize(length)
    let position = lane.position
    for (let count = 0; ; count++) {
      const next = (position + padding(position, size) + size) | 0
      if (count === most || ((next - published) | 0) + held + HEADER > CAPACITY) return count
      position = next
    }
  }

  write(offset: number, length: number, number: number, data: DataView): void {
    for (let i = 0; i < length; i++) data.setUint8(offset + i, (number * 3 + i) & 0xff)
  }

  get nextNumber(): number {
    return this.sent.length + (this.batch?.length ?? 0)
  }

  claim(length: number): boolean {
    const { lane } = this.slot as ProducerSlot
    const hasRoom = this.roomFor(length, 1) === 1
    expect(lane.hasRoom(length)).toBe(hasRoom)
    const offset = lane.claim(length)
    expect(offset !== -1).toBe(hasRoom)
    if (offset === -1) return false
    for (let i = 0; i < length; i++) lane.data.setUint8(offset + i, GARBAGE)
    this.claimed = { offset, length }
    return true
  }

  commit(length: number): void {
    const { lane } = this.slot as ProducerSlot
    const claimed = this.claimed as { offset: number; length: number }
    this.write(claimed.offset, length, this.nextNumber, lane.data)
    lane.commit(length === claimed.length ? undefined : length)
    this.claimed = undefined
    const message = { length, end: lane.position }
    if (this.batch === undefined) this.sent.push(message)
    else this.batch.push(message)
  }

  abort(): void {
    this.slot?.lane.abort()
    this.claimed = undefined
  }

  beginBatch(): void {
    this.slot?.lane.beginBatch()
    this.batch = []
  }

  endBatch(): void {
    this.slot?.lane.endBatch()
    this.sent.push(...(this.batch ?? []))
    this.batch = undefined
  }

  /** Fills messages in place, in the open batch or in one of their own. Filling the message `throwsAt` throws. */
  fill(count: number, length: number, throwsAt: number): void {
    const hasOwnBatch = this.batch === undefined
    if (hasOwnBatch) this.beginBatch()
    this.fillBatch(count, length, throwsAt)
    if (hasOwnBatch) this.endBatch()
  }

  fillBatch(count: number, length: number, throwsAt: number): void {
    const { lane } = this.slot as ProducerSlot
    const first = this.nextNumber
    const room = this.roomFor(length, count)
    const whole = Math.min(room, throwsAt)
    const ends: number[] = []
    const size = recordSize(length)
    let end = lane.position
    for (let i = 0; i < whole; i++) {
      end = (end + padding(end, size) + size) | 0
      ends.push(end)
    }
    const view = { at: (offset: number, bytes: number) => ({ offset, bytes }) }
    const fill = () =>
      lane.fill(count, length, view, ({ offset, bytes }, index) => {
        expect(bytes).toBe(length)
        for (let i = 0; i < length; i++) lane.data.setUint8(offset + i, GARBAGE)
        for (const member of this.members) member?.look() // no consumer sees anything of it yet
        if (index === throwsAt) throw new Error('in the middle')
        this.write(offset, length, first + index, lane.data)
      })
    if (throwsAt < room) expect(fill).toThrow('in the middle')
    else expect(fill()).toBe(room)
    for (const end of ends) this.batch?.push({ length, end })
  }

  close(): void {
    if (this.slot === undefined) return
    this.abort()
    if (this.batch !== undefined) this.endBatch()
    this.slot.close()
    this.slot = undefined
    expect(this.control.stateOf(0)).toBe('closed')
  }

  join(index: number): void {
    this.members[index] ??= new Member(this, index)
  }

  leave(index: number): void {
    this.members[index]?.slot.leave()
    this.members[index] = undefined
  }

  /** What must be true between any two steps. */
  check(): void {
    let live = 0
    for (const [index, member] of this.members.entries()) {
      if (member === undefined) continue
      live |= 1 << index
      member.look()
    }
    expect(this.control.liveConsumers()).toBe(live)
    if (this.slot === undefined) return
    const { position } = this.slot.lane.published
    const taken = this.members.every((each) => each === undefined || this.numberAt(each.released) === this.sent.length)
    expect(this.slot.isTaken(position)).toBe(taken)
  }
}

/** A consumer that gives room back now and then, as a cursor does. */
class Member {
  readonly slot: ConsumerSlot
  readonly #reader: LaneReader
  readonly #trial: Trial
  #next: number
  released: number

  constructor(trial: Trial, index: number) {
    this.#trial = trial
    this.slot = new ConsumerSlot(trial.control, index)
    this.slot.join()
    this.released = trial.control.positionOf(index, 0)
    this.#reader = new LaneReader(trial.lane, 0, CAPACITY, this.released, trial.control.inOrder)
    this.#next = trial.numberAt(this.released)
  }

  look(): void {
    expect(this.#reader.ready()).toBe(this.#next < this.#trial.sent.length)
  }

  read(most: number): void {
    const { sent } = this.#trial
    for (let count = 0; count < most; count++) {
      const offset = this.#reader.next()
      const message = sent[this.#next]
      expect(offset === -1).toBe(message === undefined)
      if (message === undefined) return
      const { length, sequence, position, data } = this.#reader
      expect([length, sequence, position]).toEqual([message.length, this.#trial.sequenceOf(this.#next), message.end])
      for (let i = 0; i < length; i++) {
        if (data.getUint8(offset + i) !== ((this.#next * 3 + i) & 0xff))
          expect.unreachable(`message ${this.#next} is torn at ${i}`)
      }
      this.#next++
    }
  }

  release(): void {
    this.released = this.#reader.position
    this.slot.release(0, this.released)
  }
}

const constant = <T extends string>(name: T) => fc.constant(name)
const length = fc.oneof(fc.nat(40), fc.nat(200), fc.nat(maxMessageLength(CAPACITY)))
const share = fc.double({ min: 0, max: 1, noNaN: true })
const consumer = fc.nat(CONSUMERS - 1)
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: constant('send'), length, count: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 4, arbitrary: fc.record({ do: constant('claim'), length }) },
  { weight: 4, arbitrary: fc.record({ do: constant('commit'), share: fc.oneof(fc.constant(1), share) }) },
  { weight: 1, arbitrary: fc.record({ do: constant('abort') }) },
  { weight: 3, arbitrary: fc.record({ do: constant('beginBatch') }) },
  { weight: 2, arbitrary: fc.record({ do: constant('endBatch') }) },
  { weight: 4, arbitrary: fc.record({ do: constant('fill'), length, count: fc.nat(20), throwsAt: fc.nat(15) }) },
  { weight: 1, arbitrary: fc.record({ do: constant('close') }) },
  { weight: 1, arbitrary: fc.record({ do: constant('die') }) },
  { weight: 8, arbitrary: fc.record({ do: constant('read'), consumer, count: fc.nat(20), gives: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: constant('join'), consumer }) },
  { weight: 1, arbitrary: fc.record({ do: constant('leave'), consumer }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

function take(trial: Trial, action: Step): void {
  if (action.do === 'join') trial.join(action.consumer)
  else if (action.do === 'leave') trial.leave(action.consumer)
  else if (action.do === 'read') {
    const member = trial.members[action.consumer]
    member?.read(action.count)
    if (action.gives) member?.release()
  } else if (action.do === 'close') trial.close()
  else {
    if (trial.slot === undefined) trial.open(trial.control.recentEndOf(0))
    write(trial, trial.slot as unknown as ProducerSlot, action)
  }
}

function write(trial: Trial, { lane }: ProducerSlot, action: Step): void {
  if (action.do === 'die') trial.open(lane.published.position)
  else if (trial.claimed !== undefined) {
    if (action.do === 'commit') trial.commit(Math.round(trial.claimed.length * action.share))
    else if (action.do === 'abort') trial.abort()
    else if (action.do === 'beginBatch') expect(() => lane.beginBatch()).toThrow(TypeError)
    else if (action.do === 'claim' || action.do === 'send') expect(() => lane.claim(action.length)).toThrow(TypeError)
  } else if (action.do === 'commit') expect(() => lane.commit()).toThrow(TypeError)
  else if (action.do === 'claim') trial.claim(action.length)
  else if (action.do === 'send') {
    for (let i = 0; i < action.count && trial.claim(action.length); i++) trial.commit(action.length)
  } else if (action.do === 'fill') trial.fill(action.count, action.length, action.throwsAt)
  else if (trial.batch === undefined) {
    expect(() => lane.fill(1, 0, { at: () => 0 }, () => {})).toThrow(TypeError)
    if (action.do === 'beginBatch') trial.beginBatch()
  } else {
    expect(() => lane.beginBatch()).toThrow(TypeError)
    if (action.do === 'endBatch') trial.endBatch()
  }
}

const near = (wrap: number) => fc.integer({ min: wrap - 8000, max: wrap }).map((at) => (at & -8) | 0)
const start = fc.oneof(fc.constant(0), near(2 ** 31), near(2 ** 32))
const sequence = fc.oneof(fc.constant(0), fc.constantFrom(2 ** 31 - 20, -20))

describe.each([false, true])(
  'a lane behaves like a queue, whatever its participants do, with inOrder %s',
  (inOrder) => {
    it.each(['keep-latest', 'wait'] as const)('and without consumers "%s"', (withoutConsumers) => {
      fc.assert(
        fc.property(start, sequence, fc.array(step, { maxLength: 150, size: 'max' }), (start, sequence, steps) => {
          const trial = new Trial(withoutConsumers, inOrder, start, sequence)
          for (const action of steps) {
            take(trial, action)
            trial.check()
          }
          for (const member of trial.members) {
            member?.read(Number.POSITIVE_INFINITY)
            member?.release()
          }
        }),
        { seed, numRuns: 400 },
      )
    })
  },
)
