import { openStream, type StreamReader } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { createStream, joinStream, type StreamWriter } from '@memlane/producer'
import { uniqueName } from '@memlane/testing'
import { expect, test } from 'vitest'
import { stream } from '../src/programs.js'
import { isSample, Sample, sampleOf } from '../src/sample.js'

const COUNT = 200_000
const CAPACITY = 65_536 // some 1600 samples
const LIVES = { timeoutMs: 50_000 }

const options = { capacity: CAPACITY, maxProducers: 4, maxConsumers: 4 } as const

/** Receives everything up to the end, and checks that the numbers follow one another. */
async function receiveAll(reader: StreamReader<typeof Sample>, first = 0): Promise<number> {
  let expected = first
  let wrong: string | undefined
  while (await reader.ready()) {
    reader.poll((message) => {
      if (wrong === undefined && (message.number !== expected || !isSample(message)))
        wrong = `${JSON.stringify(Sample.copy(message))} where ${expected} was due`
      expected++
    })
    if (wrong !== undefined) throw new Error(wrong)
  }
  return expected - first
}

/** Sends samples with these numbers: one by one, in batches, and sometimes after an aborted claim. */
async function sendAll(writer: StreamWriter<typeof Sample>, first: number, end: number): Promise<void> {
  for (let number = first; number < end; ) {
    if (number % 1000 === 0) {
      writer.claim()
      writer.abort()
    }
    if (number % 3 === 0) {
      const last = Math.min(end, number + 50)
      const batch = Array.from({ length: last - number }, (_, index) => sampleOf(number + index))
      await writer.sendBatch(batch)
      number = last
    } else {
      await writer.send(sampleOf(number++))
    }
  }
}

test.each([
  ['one by one', []],
  ['in batches', ['--batch', '7']],
  ['with aborted claims', ['--batch', '3', '--abort', '5']],
])('messages that C sends %s reach memlane and C', async (_, how) => {
  const object = `/${uniqueName('stream')}`
  using producer = stream.producer(['--create', `${CAPACITY}`, '--pause', ...how, object, `${COUNT}`], LIVES)
  await producer.line('lane 0, message 0')
  using consumer = stream.consumer([object], LIVES)
  await consumer.line('joined')
  using reader = await openStream(object, Sample)
  producer.write('x')
  expect(await receiveAll(reader)).toBe(COUNT)
  expect(reader.end).toBe('closed')
  expect(await consumer.exit).toMatchObject({ code: 0, stdout: `joined\n${COUNT} samples, 0 missed, closed\n` })
  expect(await producer.exit).toMatchObject({ code: 0, stderr: '' })
})

test.each([
  ['with', undefined],
  ['without', 'off'],
])('messages that memlane sends reach C and memlane, %s memory barriers in C', async (_, setting) => {
  const object = `/${uniqueName('stream')}`
  using writer = createStream(object, Sample, options)
  using consumer = stream.consumer([object], { ...LIVES, env: { MEMLANE_MEMBARRIER: setting } })
  await consumer.line('joined')
  using reader = await openStream(object, Sample)
  const received = receiveAll(reader)
  await sendAll(writer, 0, COUNT)
  writer.close()
  expect(await consumer.exit).toMatchObject({ code: 0, stdout: `joined\n${COUNT} samples, 0 missed, closed\n` })
  expect(await received).toBe(COUNT)
})

test('producers of both kinds send at the same time', async () => {
  const object = `/${uniqueName('stream')}`
  using writer = createStream(object, Sample, options)
  using consumer = stream.consumer([object], LIVES)
  await consumer.line('joined')
  using producer = stream.producer(['--batch', '2', object, `${COUNT}`], LIVES)
  await producer.line('lane 1, message 0')
  await sendAll(writer, 0, 50_000)
  writer.close()
  expect(await producer.exit).toMatchObject({ code: 0, stderr: '' })
  expect(await consumer.exit).toMatchObject({
    code: 0,
    stdout: `joined\n${COUNT + 50_000} samples, 0 missed, closed\n`,
  })
})

test('messages of a C producer that has already ended reach memlane', async () => {
  const object = `/${uniqueName('stream')}`
  using writer = createStream(object, Sample, options)
  using reader = await openStream(object, Sample)
  for (const first of [0, 3, 6]) {
    using producer = stream.producer(['--first', `${first}`, object, '3'], LIVES)
    expect(await producer.exit).toMatchObject({ code: 0, stdout: `lane 1, message ${first}\nsent\n` })
    for (const number of [first, first + 1, first + 2]) expect(reader.tryReceive()).toEqual(sampleOf(number))
    expect(reader.tryReceive()).toBeUndefined()
  }
  expect(writer.closed).toBe(false)
})

test('memlane notices the death of a C producer in the middle of a record, and takes up its lane', async () => {
  const object = `/${uniqueName('stream')}`
  using reader = await (async () => {
    using _creator = createStream(object, Sample, options)
    return await openStream(object, Sample)
  })()
  using producer = stream.producer(['--stop', '5000', object, '10000'], LIVES)
  await producer.line('lane 0, message 0')
  const received = receiveAll(reader)
  await producer.line('in the middle')
  producer.kill('SIGKILL')
  expect(await received).toBe(5000)
  expect(reader.end).toBe('died')

  using writer = await joinStream(object, Sample)
  expect(writer.lane).toBe(0)
  expect(writer.sent).toBe(5000)
  writer.trySend(sampleOf(5000))
  expect(await reader.receive()).toEqual(sampleOf(5000))
})

test('C takes up the lane where C was killed, in the middle of a batch', async () => {
  const object = `/${uniqueName('stream')}`
  using killed = stream.producer(['--create', `${CAPACITY}`, '--batch', '10', '--stop', '5', object, '10'], LIVES)
  await killed.line('in the middle')
  using reader = await openStream(object, Sample, { from: 'oldest', endOn: 'closed' })
  const received = receiveAll(reader)
  killed.kill('SIGKILL')
  await killed.exit
  using producer = stream.producer([object, '3000'], LIVES)
  await producer.line('lane 0, message 0')
  expect(await producer.exit).toMatchObject({ code: 0, stderr: '' })
  expect(await received).toBe(3000)
})

test('a C consumer blocks a memlane producer until the consumer is killed', async () => {
  const object = `/${uniqueName('stream')}`
  using writer = createStream(object, Sample, options)
  using consumer = stream.consumer(['--hold', '100', object], LIVES)
  await consumer.line('joined')
  let sent = 0
  while (writer.trySend(sampleOf(sent))) sent++
  await consumer.line('holding')
  while (writer.trySend(sampleOf(sent))) sent++
  expect(writer.trySend(sampleOf(sent))).toBe(false)
  const waiting = writer.send(sampleOf(sent))
  expect(writer.consumers).toBe(1)
  consumer.kill('SIGKILL')
  await waiting
  expect(writer.consumers).toBe(0)
})

test('a memlane consumer blocks a C producer until the consumer leaves', async () => {
  const object = `/${uniqueName('stream')}`
  using producer = stream.producer(['--create', `${CAPACITY}`, '--pause', object, `${COUNT}`], LIVES)
  await producer.line('lane 0, message 0')
  using slow = await openStream(object, Sample)
  using reader = await openStream(object, Sample)
  producer.write('x')
  await slow.ready()
  const first = slow.tryReceive()
  expect(first).toEqual(sampleOf(0))
  let received = 0
  const count = () => received++
  // No more messages come once the lane is full of messages that the slow consumer has not read.
  while (received < 1600 && (await reader.ready())) reader.poll(count)
  expect(producer.stdout).not.toContain('sent')
  slow.close()
  while (await reader.ready()) reader.poll(count)
  expect(received).toBe(COUNT)
  expect(await producer.exit).toMatchObject({ code: 0, stderr: '' })
})

test('a C producer continues when the C consumer that blocked it is killed', async () => {
  const object = `/${uniqueName('stream')}`
  using producer = stream.producer(['--create', `${CAPACITY}`, '--pause', object, `${COUNT}`], LIVES)
  await producer.line('lane 0, message 0')
  using holding = stream.consumer(['--hold', '1', object], LIVES)
  await holding.line('joined')
  using reader = await openStream(object, Sample)
  producer.write('x')
  const received = receiveAll(reader)
  await holding.line('holding')
  holding.kill('SIGKILL')
  expect(await received).toBe(COUNT)
})

test('C without write access reads a stream that memlane overwrites', async () => {
  const object = `/${uniqueName('stream')}`
  using writer = createStream(object, Sample, { ...options, overflow: 'overwrite' })
  using consumer = stream.consumer(['--read-only', '--oldest', '--pause', object], LIVES)
  await consumer.line('joined')
  await sendAll(writer, 0, 5000)
  consumer.write('x')
  await sendAll(writer, 5000, COUNT)
  writer.close()
  const { code, stdout, stderr } = await consumer.exit
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const [, samples, missed] = /^(\d+) samples, (\d+) missed, closed$/m.exec(stdout) ?? []
  expect(Number(samples)).toBeGreaterThanOrEqual(1500)
  // Messages before its first message do not count as missed.
  expect(Number(samples) + Number(missed)).toBeLessThanOrEqual(COUNT)
})

test('memlane without write access reads a stream that C overwrites', async () => {
  const object = `/${uniqueName('stream')}`
  const how = ['--create', `${CAPACITY}`, '--overwrite', '--batch', '3', '--pause']
  using producer = stream.producer([...how, object, `${COUNT}`], LIVES)
  await producer.line('lane 0, message 0')
  using reader = await openStream(object, Sample, { access: 'read', from: 'oldest' })
  producer.write('x')
  let next = 0
  let received = 0
  while (await reader.ready()) {
    reader.poll((message) => {
      if (!isSample(message) || message.number < next) throw new Error(`${message.number} where ${next} was due`)
      next = message.number + 1
      received++
    })
  }
  expect(next).toBe(COUNT)
  expect(received + reader.missed).toBeLessThanOrEqual(COUNT)
  expect(received).toBeGreaterThan(1500)
  expect(reader.end).toBe('closed')
})

test('a stream exists as long as C holds it, and is removed with its last holder', async () => {
  const object = `/${uniqueName('stream')}`
  const writer = createStream(object, Sample, options)
  using consumer = stream.consumer(['--oldest', '--pause', object], LIVES)
  await consumer.line('joined')
  await sendAll(writer, 0, 1000)
  writer.close()
  SharedMemory.open(object).close()
  consumer.write('x')
  expect(await consumer.exit).toMatchObject({ code: 0, stdout: 'joined\n1000 samples, 0 missed, closed\n' })
  expect(() => SharedMemory.open(object)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
})

test('C refuses a stream of another schema', async () => {
  const object = `/${uniqueName('stream')}`
  using _writer = createStream(object, Sample.fields.words.layout, options)
  using consumer = stream.consumer([object], LIVES)
  expect(await consumer.exit).toMatchObject({ code: 4, stderr: 'corrupt: another schema\n' })
})
