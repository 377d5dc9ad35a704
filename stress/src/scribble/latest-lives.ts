import { type BoardReader, type KeyReader, openLatest, type UnknownKeys } from '@memlane/consumer'
import { createLatest, type KeyWriter } from '@memlane/producer'
import type { UnknownSchema } from '@memlane/protocol'
import { oneOf } from '@memlane/testing/random'
import { below } from '../fuzz/mutation.js'
import { events } from '../fuzz/payloads.js'
import { sizeOf } from '../fuzz/size-of.js'
import { LIMIT, type Life, SYNC_LIMIT, type Ways } from './life.js'
import { Keys, type Pair, type Schema } from './task.js'

interface KeyWriters {
  readonly event: KeyWriter<typeof Schema>
  readonly pair: KeyWriter<typeof Pair>
}

const settings = ({ random }: Life): Ways<KeyWriters> => [
  ({ event }) => {
    for (let count = 0; count < 20; count++) event.set(oneOf(random, events))
    return 20
  },
  ({ pair }) => {
    pair.set({ count: 1, value: 2 })
    return 1
  },
  ({ pair }) => {
    pair.update((view) => {
      view.count = (view.count + 1) >>> 0
    })
    return 1
  },
  ({ pair }) => {
    pair.fill((view) => Object.assign(view, { count: 3, value: 4 }))
    return 1
  },
  (keys) => void [sizeOf(keys.event.get()), sizeOf(keys.pair.get()), keys.event.version, keys.pair.version],
]

const readings = (life: Life): Ways<KeyReader<UnknownSchema>> => [
  (key) => {
    let count = 0
    while (count < 100 && sizeOf(key.get()) > 0) count++
    return count
  },
  (key) => Number((key.read((value) => sizeOf(value)) ?? 0) > 0),
  async (key) => Number(await key.wait(LIMIT)),
  async (key) => void (await key.wait({ since: below(life.random, 10), ...LIMIT })),
  (key) => Number(key.waitSync(SYNC_LIMIT)),
  (key) => void [key.version, key.age, sizeOf(key.entry())],
  (key) =>
    life.iterate(
      (signal) => key.changes({ signal }),
      ({ value }) => Number(sizeOf(value) > 0),
    ),
]

/** Reads the keys with the schema, or with the schema that the memory has. */
async function open({ random }: Life, name: string): Promise<BoardReader<UnknownKeys>> {
  const options = {
    ...{ timeoutMs: 0, waitStrategy: oneOf(random, ['park', 'adaptive'] as const) },
    ...{ access: oneOf(random, ['read', 'readwrite'] as const), endOn: oneOf(random, ['died', 'never'] as const) },
  }
  if (random() < 0.3) return openLatest(name, undefined, options)
  const reader: unknown = await openLatest(name, Keys, options)
  return reader as BoardReader<UnknownKeys>
}

export const latestLives = {
  async producer(life: Life, name: string): Promise<void> {
    using writer = createLatest(name, Keys)
    await life.use({ event: writer.key('event'), pair: writer.key('pair') }, settings(life))
  },
  async consumer(life: Life, name: string): Promise<void> {
    using reader = await open(life, name)
    const keys = [reader.key('event'), reader.key('pair')] as const
    const ways = readings(life).map((way) => () => way(oneOf(life.random, keys)))
    await life.use(reader, [...ways, () => reader.entries().length, () => void reader.writer])
  },
}
