import { seed } from '@memlane/testing/seed'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LayoutError, type Overflow, type WithoutConsumers } from '../src/index.js'
import {
  ConsumerSlot,
  LaneReader,
  newChannelHeader,
  ProducerSlot,
  StreamControl,
  streamShape,
} from '../src/internal.js'

const CAPACITY = 65_536
const PRODUCERS = 3
const CONSUMERS = 3

function makeStream(overflow: Overflow, withoutConsumers: WithoutConsumers, start: bigint) {
  const fields = { capacity: CAPACITY, maxProducers: PRODUCERS, maxConsumers: CONSUMERS, overflow, withoutConsumers }
  const header = newChannelHeader(streamShape, fields, new TextEncoder().encode('{}'), new Uint8Array(16))
  const buffer = new ArrayBuffer(header.controlLength)
  const view = new DataView(buffer)
  for (let producer = 0; producer < PRODUCERS; producer++) {
    const slot = 1024 + 128 * producer
    if (overflow === 'overwrite') view.setBigUint64(slot + 8, start, true)
    else view.setUint32(slot + 8, Number(BigInt.asUintN(32, start)), true)
    view.setUint32(slot + 16, Number(BigInt.asUintN(32, start)), true)
  }
  const lanes = Array.from({ length: PRODUCERS }, () => new ArrayBuffer(CAPACITY))
  return { control: new StreamControl(buffer, header), lanes, buffer }
}

/** The length of each message that was sent in a lane, by its number. Its bytes follow from the number. */
class Model {
  readonly sent: number[][] = Array.from({ length: PRODUCERS }, () => [])

  write(slot: ProducerSlot, length: number): boolean {
    const offset = slot.lane.claim(length)
    if (offset === -1) return false
    const lengths = this.sent[slot.producer] as number[]
    for (let i = 0; i < length; i += 97) slot.lane.data.setUint8(offset + i, (lengths.length * 3 + i) & 0xff)
    slot.lane.commit()
    lengths.push(length)
    return true
  }

  check(producer: number, reader: LaneReader, offset: number): void {
    const length = this.sent[producer]?.[reader.sequence]
    if (reader.length !== length)
      expect.unreachable(`message ${reader.sequence} has ${reader.length} bytes, not ${length}`)
    for (let i = 0; i < length; i += 97) {
      if (reader.data.getUint8(offset + i) !== ((reader.sequence * 3 + i) & 0xff)) {
        expect.unreachable(`message ${reader.sequence} of lane ${producer} is torn at ${i}`)
      }
    }
  }
}

/** A consumer of all lanes. It knows which message of each lane must come next. */
class Member {
  readonly slot: ConsumerSlot
  readonly readers: LaneReader[]
  readonly next: (number | undefined)[] = Array(PRODUCERS).fill(undefined)
  readonly #model: Model

  constructor(control: StreamControl, lanes: readonly ArrayBuffer[], index: number, model: Model) {
    this.#model = model
    this.slot = new ConsumerSlot(control, index)
    this.slot.join()
    this.readers = lanes.map((lane, producer) => new LaneReader(lane, 0, CAPACITY, control.positionOf(index, producer)))
  }

  read(producer: number, most: number): number {
    const reader = this.readers[producer] as LaneReader
    let count = 0
    for (; count < most; count++) {
      const offset = reader.next()
      if (offset === -1) break
      this.#model.check(producer, reader, offset)
      const next = this.next[producer]
      if (next !== undefined && reader.sequence !== next) expect.unreachable(`${reader.sequence} in place of ${next}`)
      this.next[producer] = reader.sequence + 1
    }
    this.slot.release(producer, reader.position)
    return count
  }
}

const length = fc.oneof(fc.nat(100), fc.nat(CAPACITY / 2 - 16), fc.nat(5000))
const producer = fc.nat(PRODUCERS - 1)
const consumer = fc.nat(CONSUMERS - 1)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), producer, length, count: fc.nat(40) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('batch' as const), producer, lengths: fc.array(length, { maxLength: 8 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), producer, orderly: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('read' as const), consumer, producer, count: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('join' as const), consumer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), consumer }) },
)
const start = fc.oneof(
  fc.constant(0n),
  fc.bigInt(2n ** 31n - 200_000n, 2n ** 31n + 1000n).map((at) => at & -8n),
  fc.bigInt(2n ** 32n - 200_000n, 2n ** 32n + 1000n).map((at) => at & -8n),
)

describe('slots, compared with a simple queue,', () => {
  it.each(['keep-latest', 'wait'] as const)('give every live consumer everything once, in order, %s', (policy) => {
    fc.assert(
      fc.property(start, fc.array(step, { maxLength: 120, size: 'max' }), (start, steps) => {
        const { control, lanes } = makeStream('wait', policy, start)
        const model = new Model()
        const producers = lanes.map((lane, index) => new ProducerSlot(control, index, lane))
        const members: (Member | undefined)[] = Array(CONSUMERS).fill(undefined)
        for (const action of steps) {
          if (action.do === 'join') {
            members[action.consumer] ??= new Member(control, lanes, action.consumer, model)
          } else if (action.do === 'leave') {
            members[action.consumer]?.slot.leave()
            members[action.consumer] = undefined
          } else if (action.do === 'read') {
            members[action.consumer]?.read(action.producer, action.count)
          } else {
            const slot = producers[action.producer] as ProducerSlot
            if (action.do === 'restart') {
              if (action.orderly) slot.close()
              expect(control.stateOf(action.producer)).toBe(action.orderly ? 'closed' : 'open')
              const again = new ProducerSlot(control, action.producer, lanes[action.producer] as ArrayBuffer)
              expect(again.lane.sequence).toBe((model.sent[action.producer] as number[]).length)
              expect(again.lane.position).toBe(slot.lane.position)
              producers[action.producer] = again
            }
            if (action.do === 'send') for (let i = 0; i < action.count; i++) model.write(slot, action.length)
            if (action.do === 'batch') {
              slot.lane.beginBatch()
              for (const length of action.lengths) model.write(slot, length)
              slot.lane.endBatch()
            }
          }
        }
        for (const member of members) {
          if (member === undefined) continue
          for (let producer = 0; producer < PRODUCERS; producer++) {
            member.read(producer, Infinity)
            const sent = (model.sent[producer] as number[]).length
            expect(member.next[producer] ?? sent).toBe(sent)
          }
        }
        // Once all have read, there is room for the longest message, whatever happened before.
        for (const member of members) for (let j = 0; j < PRODUCERS; j++) member?.read(j, Infinity)
        if (members.some((member) => member !== undefined) || policy === 'keep-latest') {
          for (const slot of producers) {
            expect(slot.isTaken(slot.lane.position)).toBe(true)
            expect(model.write(slot, slot.lane.maxMessageLength)).toBe(true)
            expect(slot.isTaken(slot.lane.position)).toBe(members.every((member) => member === undefined))
          }
        }
      }),
      { seed, numRuns: 300 },
    )
  })

  it('keep every message from the base on if producers wait for no consumer', () => {
    fc.assert(
      fc.property(start, fc.array(step, { maxLength: 60, size: 'max' }), (start, steps) => {
        const { control, lanes } = makeStream('overwrite', 'keep-latest', start)
        const model = new Model()
        const producers = lanes.map((lane, index) => new ProducerSlot(control, index, lane))
        for (const action of steps) {
          if (action.do === 'send') {
            const slot = producers[action.producer] as ProducerSlot
            for (let i = 0; i < action.count; i++) expect(model.write(slot, action.length)).toBe(true)
          } else if (action.do === 'batch') {
            const slot = producers[action.producer] as ProducerSlot
            slot.lane.beginBatch()
            for (const length of action.lengths) model.write(slot, length)
            slot.lane.endBatch()
          } else if (action.do === 'restart') {
            producers[action.producer] = new ProducerSlot(
              control,
              action.producer,
              lanes[action.producer] as ArrayBuffer,
            )
          } else if (action.do === 'read') {
            const base = control.wideBaseOf(action.producer)
            expect(base).toBeGreaterThanOrEqual(Number(start))
            expect(control.hasStayed(action.producer, base)).toBe(true)
            expect(control.hasStayed(action.producer, base - 8)).toBe(false)
            expect(control.hasStayed(action.producer, base - 2 ** 32)).toBe(false)
            expect(control.hasStayed(action.producer, base + 2 ** 32)).toBe(true)
            const reader = new LaneReader(lanes[action.producer] as ArrayBuffer, 0, CAPACITY, base)
            let next: number | undefined
            for (let offset = reader.next(); offset !== -1; offset = reader.next()) {
              model.check(action.producer, reader, offset)
              if (next !== undefined) expect(reader.sequence).toBe(next)
              next = reader.sequence + 1
            }
            const sent = (model.sent[action.producer] as number[]).length
            expect(next ?? sent).toBe(sent)
          }
        }
      }),
      { seed, numRuns: 200 },
    )
  })

  it('continue with any bytes in the control part and the lanes', () => {
    const scribble = fc.record({ where: fc.double({ min: 0, max: 1, noNaN: true }), value: fc.integer() })
    const kind = fc.constantFrom<[Overflow, WithoutConsumers]>(
      ['wait', 'keep-latest'],
      ['wait', 'wait'],
      ['overwrite', 'wait'],
    )
    fc.assert(
      fc.property(
        kind,
        fc.array(fc.tuple(step, fc.array(scribble, { maxLength: 3 })), { maxLength: 40, size: 'max' }),
        ([overflow, policy], steps) => {
          const { control, lanes, buffer } = makeStream(overflow, policy, 0n)
          const producers = lanes.map((lane, index) => new ProducerSlot(control, index, lane))
          const members: (ConsumerSlot | undefined)[] = Array(CONSUMERS).fill(undefined)
          const words = [...lanes, buffer.slice(0, 0)].map((lane) => new Int32Array(lane))
          const controlWords = new Int32Array(buffer, 128, (1024 + 128 * PRODUCERS + 256 * CONSUMERS - 128) / 4)
          words[PRODUCERS] = controlWords
          for (const [action, scribbles] of steps) {
            for (const [i, { where, value }] of scribbles.entries()) {
              const target = words[(i + scribbles.length) % words.length] as Int32Array
              target[Math.floor(where * (target.length - 1))] = value
            }
            try {
              if (action.do === 'send' || action.do === 'batch') {
                const slot = producers[action.producer] as ProducerSlot
                const lengths = action.do === 'send' ? Array(action.count).fill(action.length) : action.lengths
                for (const length of lengths) {
                  const offset = slot.lane.claim(length)
                  if (offset === -1) {
                    expect(overflow).toBe('wait') // a producer of an overwriting stream never has to wait
                    break
                  }
                  expect(offset + length).toBeLessThanOrEqual(CAPACITY)
                  slot.lane.commit()
                }
              } else if (action.do === 'restart') {
                producers[action.producer] = new ProducerSlot(
                  control,
                  action.producer,
                  lanes[action.producer] as ArrayBuffer,
                )
              } else if (action.do === 'join') {
                const slot = new ConsumerSlot(control, action.consumer)
                slot.join()
                members[action.consumer] = slot
              } else if (action.do === 'leave') {
                members[action.consumer]?.leave()
              } else {
                const position = control.positionOf(action.consumer, action.producer)
                const reader = new LaneReader(lanes[action.producer] as ArrayBuffer, 0, CAPACITY, position)
                for (let i = 0; i < action.count && reader.next() !== -1; i++);
                members[action.consumer]?.release(action.producer, reader.position)
              }
            } catch (error) {
              if (!(error instanceof LayoutError)) throw error
              expect(error.code).toBe('CORRUPT')
            }
          }
        },
      ),
      { seed, numRuns: 300 },
    )
  })
})

it('a successor takes up a full lane as well as an empty one', () => {
  for (const overflow of ['wait', 'overwrite'] as const) {
    const { control, lanes } = makeStream(overflow, 'keep-latest', 0n)
    const model = new Model()
    const lane = lanes[0] as ArrayBuffer
    for (let round = 0; round < 5; round++) {
      const slot = new ProducerSlot(control, 0, lane)
      for (let i = 0; i < 3000 + round; i++) expect(model.write(slot, 40)).toBe(true)
      if (round % 2) slot.close()
    }
    expect(new ProducerSlot(control, 0, lane).lane.sequence).toBe(model.sent[0]?.length)
  }
})

it.each([
  ['nothing', 0],
  ['no record', -1],
  ['a record that leads beyond the end', ((CAPACITY / 2) << 3) | 1],
])(
  'a producer that waits for no consumer continues even if the record that it overwrites next has become %s',
  (_, word) => {
    for (const [overflow, policy] of [
      ['overwrite', 'wait'],
      ['wait', 'keep-latest'],
    ] as const) {
      const { control, lanes } = makeStream(overflow, policy, 0n)
      const model = new Model()
      const lane = lanes[0] as ArrayBuffer
      const slot = new ProducerSlot(control, 0, lane)
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 100 + 37 * round; i++) expect(model.write(slot, 100)).toBe(true)
        new Int32Array(lane)[(control.baseOf(0) & (CAPACITY - 1)) >> 2] = word
        expect((slot.lane.position - control.baseOf(0)) | 0).toBeGreaterThanOrEqual(0)
      }
      for (let i = 0; i < 1000; i++) expect(model.write(slot, 100)).toBe(true)
      const consumer = new Member(control, lanes, 0, model)
      consumer.read(0, Infinity)
      expect(consumer.next[0]).toBe((model.sent[0] as number[]).length)
    }
  },
)
