import { openStream, type StreamReader } from '@memlane/consumer'
import { joinStream } from '@memlane/producer'
import { oneOf } from '@memlane/testing/random'
import { sizeOf } from '../fuzz/size-of.js'
import { LIMIT, type Life, SYNC_LIMIT, type Ways } from './life.js'
import { sendings } from './sendings.js'
import { Schema } from './task.js'

const readings = (life: Life): Ways<StreamReader<typeof Schema>> => [
  (reader) => reader.poll((message) => sizeOf(message), 200),
  (reader) => {
    let count = 0
    while (count < 100 && reader.tryReceive() !== undefined) count++
    return count
  },
  async (reader) => Number((await reader.receive(LIMIT)) !== undefined),
  (reader) => Number(reader.receiveSync(SYNC_LIMIT) !== undefined),
  (reader) => void reader.readySync(SYNC_LIMIT),
  (reader) => void reader.lag(),
  (reader) => void (reader.producers + reader.missed),
  (reader) =>
    life.iterate(
      (signal) => reader.batches({ limit: 20, signal }),
      (batch) => batch.length,
    ),
]

export const streamLives = {
  async producer(life: Life, name: string): Promise<void> {
    const waitStrategy = oneOf(life.random, ['park', 'adaptive'] as const)
    using writer = await joinStream(name, Schema, { timeoutMs: 0, waitStrategy })
    await life.use(writer, sendings(life))
  },
  async consumer(life: Life, name: string): Promise<void> {
    const from = oneOf(life.random, ['now', 'oldest'] as const)
    const waitStrategy = oneOf(life.random, ['park', 'adaptive'] as const)
    using reader = await openStream(name, Schema, { timeoutMs: 0, from, waitStrategy })
    await life.use(reader, readings(life))
  },
}
