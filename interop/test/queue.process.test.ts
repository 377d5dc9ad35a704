import { setTimeout } from 'node:timers/promises'
import { openQueue, type QueueReader } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { createQueue, joinQueue } from '@memlane/producer'
import { uniqueName } from '@memlane/testing'
import { expect, onTestFinished, test } from 'vitest'
import { queue } from '../src/programs.js'
import { isSample, Sample, sampleOf } from '../src/sample.js'

const COUNT = 50_000
/** The offset of the mask of sleeping producers (docs/wire-format-queue.md). */
const SLEEPING_PRODUCERS = 512
const LIVES = { timeoutMs: 50_000 }
const range = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index)

/** Acknowledges everything until the reader is closed. */
function processAll(reader: QueueReader<typeof Sample>): { numbers: number[]; processing: Promise<void> } {
  const numbers: number[] = []
  const processing = reader.process(({ value }) => {
    if (!isSample(value)) throw new Error(`wrong: ${JSON.stringify(value)}`)
    numbers.push(value.number)
  })
  return { numbers, processing }
}

test.each([
  ['one by one', []],
  ['in batches', ['--batch', '7']],
])('jobs that C sends %s reach memlane and C, each once', async (_, how) => {
  const object = `/${uniqueName('queue')}`
  using producer = queue.producer(['--create', ...how, object, '0', `${COUNT}`], LIVES)
  await producer.line('place 0, message 0')
  using consumer = queue.consumer([object, '1000'], LIVES)
  const reader = await openQueue(object, Sample)
  const { numbers, processing } = processAll(reader)
  await producer.line(`${COUNT} samples are settled`)
  expect(await producer.exit).toMatchObject({ code: 0, stderr: '' })
  expect(await consumer.exit).toMatchObject({ code: 0, stderr: '' })
  await reader.close()
  await processing
  expect(new Set(numbers).size).toBe(COUNT - 1000)
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
})

test('jobs that memlane sends reach C and memlane, also those that C gives back or rejects', async () => {
  const object = `/${uniqueName('queue')}`
  using writer = createQueue(object, Sample, { capacity: 64, maxDeadLetters: 60 })
  using consumer = queue.consumer(['--retry', '5', '--reject', '501', object, '5000'], LIVES)
  await consumer.line('joined')
  const sending = (async () => {
    for (const number of range(1, 20_000)) await writer.send(sampleOf(number))
  })()
  await consumer.line(/^5000 samples/)
  expect((await consumer.exit).stdout).toMatch(/^joined\n5000 samples, \d+ again, 9 rejected\n$/)
  const reader = await openQueue(object, Sample)
  const { numbers, processing } = processAll(reader)
  await sending
  await writer.flush()
  const letters = [...reader.deadLetters()].map(
    ({ value, reason, deliveryCount }) => [value.number, reason, deliveryCount] as const,
  )
  // C gives back every fifth number once, and then rejects every 501st.
  const rejected = range(1, 9).map((index) => [index * 501, 'rejected in C', index % 5 === 0 ? 2 : 1])
  expect(letters.sort(([a], [b]) => a - b)).toEqual(rejected)
  expect(numbers.length).toBe(15_000)
  await reader.close()
  await processing
})

test('a consumer in C that is killed leaves its jobs to memlane, and the other way round', async () => {
  const object = `/${uniqueName('queue')}`
  using writer = createQueue(object, Sample, { maxDeliveries: 4 })
  using victim = queue.consumer(['--hold', '3', object, '100'], LIVES)
  await victim.line('joined')
  await writer.sendBatch(range(0, 3).map(sampleOf))
  await victim.line('holds')
  const reader = await openQueue(object, Sample, { waitStrategy: 'park' })
  const taking = reader.take()
  await setTimeout(50)
  victim.kill('SIGKILL')
  const deliveries = [await taking, await reader.take(), await reader.take()]
  expect(deliveries.map((delivery) => [delivery?.value.number, delivery?.deliveryCount]).sort()).toEqual([
    [0, 2],
    [1, 2],
    [2, 2],
  ])
  using heir = queue.consumer([object, '3'], LIVES)
  await heir.line('joined')
  await setTimeout(50)
  await reader.close() // gives all three back
  const { code, stdout } = await heir.exit
  expect(code).toBe(0)
  expect(stdout.split('\n').slice(1, 4).sort()).toEqual(range(0, 3).map((number) => `${number}, delivery 2`))
  await writer.flush()
})

test('a producer in C sleeps and is woken in a place behind the first 32', async () => {
  const object = `/${uniqueName('queue')}`
  const others = [createQueue(object, Sample, { capacity: 64, maxProducers: 33 })]
  onTestFinished(() => others.forEach((other) => void other.close()))
  while (others.length < 32) others.push(await joinQueue(object, Sample))
  using producer = queue.producer([object, '0', '100'], LIVES)
  await producer.line('place 32, message 0')
  using memory = SharedMemory.open(object)
  const sleepers = new Int32Array(memory.buffer, SLEEPING_PRODUCERS, 2)
  while ((Atomics.load(sleepers, 1) & 1) === 0) await setTimeout(1)
  const reader = await openQueue(object, Sample)
  const { numbers, processing } = processAll(reader)
  await producer.line('100 samples are settled')
  expect(await producer.exit).toMatchObject({ code: 0, stderr: '' })
  expect(numbers).toEqual(range(0, 100))
  await reader.close()
  await processing
})

test('a producer in C that is killed leaves its jobs, and memlane goes on in its slots', async () => {
  const object = `/${uniqueName('queue')}`
  using producer = queue.producer(['--create', object, '0', '100'], LIVES)
  await producer.line('place 0, message 0')
  const reader = await openQueue(object, Sample)
  while (reader.stats().ready < 64) await setTimeout(1)
  producer.kill('SIGKILL')
  await producer.exit
  using writer = await joinQueue(object, Sample)
  expect(writer.sent).toBe(64)
  expect(writer.trySend(sampleOf(64))).toBe(false)
  const { numbers, processing } = processAll(reader)
  for (const number of range(64, 36)) await writer.send(sampleOf(number))
  await writer.flush()
  expect(numbers).toEqual(range(0, 100))
  await reader.close()
  await processing
})
