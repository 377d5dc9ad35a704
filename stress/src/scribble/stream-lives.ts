import { openStream, type StreamReader } from '@memlane/consumer'
import { joinStream, type StreamWriter } from '@memlane/producer'
import { oneOf } from '@memlane/testing/random'
import { below } from '../fuzz/mutation.js'
import { events } from '../fuzz/payloads.js'
import { sizeOf } from '../fuzz/size-of.js'
import { LIMIT, type Life, SYNC_LIMIT, type Ways } from './life.js'
import { Schema } from './task.js'

const sendings = ({ random }: Life): Ways<StreamWriter<typeof Schema>> => [
  (writer) => Number(writer.trySend(oneOf(random, events))),
  (writer) => writer.trySendBatch(Array.from({ length: below(random, 50) }, () => oneOf(random, events))),
  (writer) => writer.send(oneOf(random, events), LIMIT),
  (writer) => writer.sendBatch([...events, ...events], LIMIT),
  (writer) => writer.sendSync(oneOf(random, events), SYNC_LIMIT),
  (writer) => writer.flush(LIMIT),
  (writer) => writer.ready({ length: 16, ...LIMIT }),
  (writer) => writer.readySync({ length: 16, ...SYNC_LIMIT }),
  (writer) => {
    const view = writer.claimMember('quote')
    if (view === undefined) return
    view.seq = 1
    if (random() < 0.7) writer.commit()
    else writer.abort()
  },
  (writer) => void (writer.consumers + writer.sent),
]

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
