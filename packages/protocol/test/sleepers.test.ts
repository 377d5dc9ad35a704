import {
  ConsumerSlot,
  ProducerSlot,
  placesOf,
  Sleepers,
  SleepMark,
  StreamControl,
  type StreamHeader,
  writeStreamHeader,
} from '@memlane/protocol/internal'
import { expect, test } from 'vitest'

const CAPACITY = 65_536

function makeControl() {
  const dimensions = { capacity: CAPACITY, producers: 64, consumers: 32, schemaLength: 2 }
  const header: StreamHeader = {
    ...dimensions,
    ...placesOf(dimensions),
    overflow: 'wait',
    withoutConsumers: 'wait',
    instance: new Uint8Array(16),
    schemaHash: 0n,
  }
  const buffer = new ArrayBuffer(header.lanesOffset)
  writeStreamHeader(buffer, header, new TextEncoder().encode('{}'))
  return new StreamControl(buffer, header)
}

function newSleepers(sleepers: Sleepers): number[] {
  const numbers: number[] = []
  sleepers.forEachNew((number) => numbers.push(number))
  return numbers
}

test('each sleep is rung for once by each participant', () => {
  const control = makeControl()
  const sleepers = Sleepers.producers(control)
  expect(sleepers.any()).toBe(false)
  const marks = [0, 31, 32, 63].map((producer) => SleepMark.ofProducer(control, producer))
  for (const mark of marks) mark.set()
  expect(newSleepers(sleepers)).toEqual([0, 31, 32, 63])
  expect(newSleepers(sleepers)).toEqual([])
  expect(newSleepers(Sleepers.producers(control))).toEqual([0, 31, 32, 63])
  marks[1]?.clear()
  marks[2]?.clear()
  marks[2]?.set()
  expect(newSleepers(sleepers)).toEqual([32])
})

test('a sleeper that could not be rung is rung the next time', () => {
  const control = makeControl()
  SleepMark.ofConsumer(control, 5).set()
  const sleepers = Sleepers.consumers(control)
  const failing = () => {
    throw new Error('too many open files')
  }
  expect(() => sleepers.forEachNew(failing)).toThrow('too many open files')
  expect(newSleepers(sleepers)).toEqual([5])
})

test('who closes in its sleep leaves no mark', () => {
  const control = makeControl()
  const producer = new ProducerSlot(control, 40, new ArrayBuffer(CAPACITY))
  SleepMark.ofProducer(control, 40).set()
  producer.close()
  expect(Sleepers.producers(control).any()).toBe(false)
  const consumer = new ConsumerSlot(control, 31)
  SleepMark.ofConsumer(control, 31).set()
  consumer.leave()
  expect(Sleepers.consumers(control).any()).toBe(false)
})
