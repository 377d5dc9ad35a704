import {
  ConsumerSlot,
  newChannelHeader,
  ProducerSlot,
  Sleepers,
  SleepMark,
  StreamControl,
  streamShape,
} from '@memlane/protocol/internal'
import { expect, test } from 'vitest'

const CAPACITY = 65_536

function makeControl() {
  const dimensions = { capacity: CAPACITY, maxProducers: 64, maxConsumers: 32 }
  const fields = { ...dimensions, overflow: 'wait', withoutConsumers: 'wait' } as const
  const header = newChannelHeader(streamShape, fields, new TextEncoder().encode('{}'), new Uint8Array(16))
  return new StreamControl(new ArrayBuffer(header.controlLength), header)
}

function newSleepers(sleepers: Sleepers): number[] {
  const numbers: number[] = []
  sleepers.forEachNew((number) => numbers.push(number))
  return numbers
}

test('each participant rings once for each sleep', () => {
  const control = makeControl()
  const sleepers = Sleepers.of(control.producers)
  expect(sleepers.any()).toBe(false)
  const marks = [0, 31, 32, 63].map((producer) => SleepMark.of(control.producers, producer))
  for (const mark of marks) mark.set()
  expect(newSleepers(sleepers)).toEqual([0, 31, 32, 63])
  expect(newSleepers(sleepers)).toEqual([])
  expect(newSleepers(Sleepers.of(control.producers))).toEqual([0, 31, 32, 63])
  marks[1]?.clear()
  marks[2]?.clear()
  marks[2]?.set()
  expect(newSleepers(sleepers)).toEqual([32])
})

test('a sleeper that could not be rung is rung the next time', () => {
  const control = makeControl()
  SleepMark.of(control.consumers, 5).set()
  const sleepers = Sleepers.of(control.consumers)
  const failing = () => {
    throw new Error('too many open files')
  }
  expect(() => sleepers.forEachNew(failing)).toThrow('too many open files')
  expect(newSleepers(sleepers)).toEqual([5])
})

test('a participant that closes while it sleeps leaves no mark', () => {
  const control = makeControl()
  const producer = new ProducerSlot(control, 40, new ArrayBuffer(CAPACITY))
  SleepMark.of(control.producers, 40).set()
  producer.close()
  expect(Sleepers.of(control.producers).any()).toBe(false)
  const consumer = new ConsumerSlot(control, 31)
  SleepMark.of(control.consumers, 31).set()
  consumer.leave()
  expect(Sleepers.of(control.consumers).any()).toBe(false)
})
