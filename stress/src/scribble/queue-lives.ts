import { setImmediate } from 'node:timers/promises'
import { type Delivery, openQueue, type QueueReader } from '@memlane/consumer'
import { joinQueue } from '@memlane/producer'
import type { Schema as AnySchema } from '@memlane/protocol'
import { oneOf } from '@memlane/testing/random'
import { below } from '../fuzz/mutation.js'
import { sizeOf } from '../fuzz/size-of.js'
import { LIMIT, type Life, SYNC_LIMIT, type Ways } from './life.js'
import { sendings } from './sendings.js'
import { Schema } from './task.js'

type Reader = QueueReader<AnySchema>

const ON_PURPOSE = new Error('on purpose')

/** Reads a message, and ends its delivery in some way. */
function end({ random }: Life, delivery: Delivery<AnySchema> | undefined): number {
  if (delivery === undefined) return 0
  const size = sizeOf(random() < 0.5 ? delivery.value : delivery.view)
  const choice = random()
  if (choice < 0.6) delivery.ack()
  else if (choice < 0.8) delivery.retry({ delayMs: below(random, 5), reason: 'again' })
  else if (choice < 0.9) delivery.reject('no')
  return Number(size > 0) // and sometimes keeps it
}

const takings = (life: Life): Ways<Reader> => [
  (reader) => reader.poll((message) => sizeOf(message), 200),
  (reader) => {
    let count = 0
    while (count < 100 && end(life, reader.tryTake()) > 0) count++
    return count
  },
  async (reader) => end(life, await reader.take(LIMIT)),
  (reader) => end(life, reader.takeSync(SYNC_LIMIT)),
  async (reader) => void (await reader.ready(LIMIT)),
  (reader) => void reader.readySync(SYNC_LIMIT),
  (reader) => {
    for (const letter of reader.deadLetters()) {
      if (sizeOf([letter.value, letter.reason]) < 0 || letter.deliveryCount < 0 || letter.pid < 0) throw ON_PURPOSE
      const choice = life.random()
      if (choice < 0.4) letter.discard()
      else if (choice < 0.8) letter.resend()
    }
  },
  async (reader) => {
    let done = 0
    const handle = async (delivery: Delivery<AnySchema>) => {
      if (life.random() < 0.3) await setImmediate()
      if (life.random() < 0.1) throw ON_PURPOSE
      done += Number(sizeOf(delivery.value) > 0)
    }
    await reader.process(handle, { concurrency: 4, signal: AbortSignal.timeout(LIMIT.timeoutMs) })
    return done
  },
  (reader) =>
    life.iterate(
      (signal) => reader.deliveries({ signal }),
      (delivery) => end(life, delivery),
    ),
  (reader) => void [reader.stats(), reader.producers],
]

/** Reads messages with the schema, or with the schema that the memory has. */
function open({ random }: Life, name: string): Promise<Reader> {
  const options = { timeoutMs: 0, waitStrategy: oneOf(random, ['park', 'adaptive'] as const) }
  const declares = random() < 0.7
  return declares ? openQueue<AnySchema>(name, Schema, options) : openQueue(name, undefined, options)
}

export const queueLives = {
  async producer(life: Life, name: string): Promise<void> {
    const waitStrategy = oneOf(life.random, ['park', 'adaptive'] as const)
    using writer = await joinQueue(name, Schema, { timeoutMs: 0, waitStrategy })
    await life.use(writer, [...sendings(life), () => void writer.stats()])
  },
  async consumer(life: Life, name: string): Promise<void> {
    const reader = await open(life, name)
    reader.on('failed', (error) => {
      if (error !== ON_PURPOSE) life.count(error)
    })
    reader.on('dead', ({ deliveryCount, reason }) => void [deliveryCount, sizeOf(reason)])
    reader.on('redelivered', ({ deliveryCount }) => void deliveryCount)
    try {
      await life.use(reader, takings(life))
    } finally {
      await reader.close(LIMIT)
    }
  },
}
