import {
  ConsumerSlot,
  LaneReader,
  newChannelHeader,
  ProducerSlot,
  StreamControl,
  streamShape,
} from '@memlane/protocol/internal'
import { expect, test } from 'vitest'

const CAPACITY = 65_536

function makeStream() {
  const dimensions = { capacity: CAPACITY, maxProducers: 1, maxConsumers: 4 }
  const fields = { ...dimensions, overflow: 'wait', withoutConsumers: 'keep-latest' } as const
  const header = newChannelHeader(streamShape, fields, new TextEncoder().encode('{}'), new Uint8Array(16))
  const control = new StreamControl(new ArrayBuffer(header.controlLength), header)
  const lane = new ArrayBuffer(CAPACITY)
  const producer = new ProducerSlot(control, 0, lane)
  const put = (length: number) => {
    if (producer.lane.claim(length) === -1) return false
    producer.lane.commit()
    return true
  }
  return { control, lane, producer, put }
}

function join(control: StreamControl, index: number): ConsumerSlot {
  const consumer = new ConsumerSlot(control, index)
  consumer.join()
  return consumer
}

test('a producer does not overtake a joining consumer if another consumer reads on between two checks of the producer', () => {
  const { control, lane, producer, put } = makeStream()
  const consumer = join(control, 0)
  while (put(1000));
  consumer.release(0, 1008)
  let looks = 0
  const look = control.liveConsumers.bind(control)
  control.liveConsumers = () => {
    if (++looks === 2) consumer.release(0, 20 * 1008)
    return look()
  }
  put(1000)
  expect(looks).toBe(2)
  control.liveConsumers = look
  join(control, 1)
  const held = control.positionOf(1, 0)
  while (put(1000));
  expect(producer.lane.position - held).toBeLessThanOrEqual(CAPACITY)
  const reader = new LaneReader(lane, 0, CAPACITY, held)
  reader.next()
  expect(reader.sequence).toBe(held / 1008)
})

test('the base does not go back to a joining consumer that has not made its second check', () => {
  const { control, lane, put } = makeStream()
  const joiner = new ConsumerSlot(control, 0)
  const realBase = control.baseOf.bind(control)
  let looks = 0
  control.baseOf = (lane) => {
    const base = realBase(lane)
    // The joining consumer has seen the first base. Before its second check, the producer moves the base, and wants more room.
    if (++looks === 1) {
      for (let count = 0; count < 64; count++) put(1016)
      expect(realBase(0)).toBeGreaterThan(base)
    } else if (looks === 2) {
      put(30_000)
      expect(realBase(0)).toBe(base)
    }
    return base
  }
  joiner.join()
  control.baseOf = realBase
  const reader = new LaneReader(lane, 0, CAPACITY, control.positionOf(0, 0))
  expect(reader.next()).not.toBe(-1)
  expect(put(1016)).toBe(true)
})

test('a claim longer than the longest message is refused', () => {
  const { producer } = makeStream()
  const { lane } = producer
  for (const length of [lane.maxMessageLength + 1, 60_000, 2 ** 31, 2 ** 32 - 1]) {
    expect(() => lane.claim(length)).toThrow(RangeError)
  }
  expect(lane.claim(lane.maxMessageLength)).toBe(8)
})

test('a producer that takes a lane up and dies before it sends does not change the number of the next message', () => {
  const { control, lane, producer, put } = makeStream()
  const consumer = join(control, 0)
  for (let i = 0; i < 10; i++) put(1000)
  consumer.release(0, producer.lane.position)
  for (let death = 0; death < 3; death++) expect(new ProducerSlot(control, 0, lane).lane.sequence).toBe(10)
})

test('a consumer whose position is inside an unpublished batch does not cause the batch to be overwritten', () => {
  const { control, lane, producer } = makeStream()
  const liar = join(control, 0)
  const { position } = producer.lane.published
  producer.lane.beginBatch()
  let count = 0
  for (; count < 200 && producer.lane.claim(1000) !== -1; count++) {
    producer.lane.commit()
    liar.release(0, producer.lane.position)
  }
  producer.lane.endBatch()
  expect(count).toBeLessThan(CAPACITY / 1000)
  const reader = new LaneReader(lane, 0, CAPACITY, position)
  for (let sequence = 0; sequence < count; sequence++) {
    expect(reader.next()).not.toBe(-1)
    expect(reader.sequence).toBe(sequence)
  }
  expect(reader.next()).toBe(-1)
})

test('a consumer gives up on a base that keeps changing, and is not live afterwards', () => {
  const { control } = makeStream()
  let base = 0
  control.baseOf = () => (base += 8)
  expect(() => new ConsumerSlot(control, 0).join()).toThrow(
    expect.objectContaining({ code: 'CORRUPT', offset: 1024 + 8 }),
  )
  expect(control.liveConsumers()).toBe(0)
})
