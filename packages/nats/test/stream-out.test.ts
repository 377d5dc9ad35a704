import { createStream, joinStream } from '@memlane/producer'
import { struct, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBridge } from './start-bridge.js'
import { type StoredMessage, storedMessages } from './stored-messages.js'

const Tick = struct('Tick', { id: u32, value: u32 })

describe.runIf(hasNats)('a route from a stream to JetStream', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  it('carries the messages of each producer in order, and keeps them until JetStream has them', async () => {
    const name = uniqueName('out')
    using first = createStream(name, Tick, { capacity: 65_536, withoutConsumers: 'wait' })
    using second = await joinStream(name, Tick)
    for (let id = 0; id < 1000; id++) first.trySend({ id, value: 1 })
    const subject = `${name}.{name}.{lane}`
    await using started = startBridge(server.url, 'here', [
      { kind: 'stream-out', name, subject, jetstream: name, create: {}, onOverrun: 'block', window: 64 },
    ])
    for (let id = 0; id < 20_000; id++) {
      await first.send({ id: id + 1000, value: 1 })
      await second.send({ id, value: 2 })
    }
    await first.flush()
    await second.flush()
    const stored = await storedMessages(server.url, name)
    const ids = (lane: number) => stored.filter(({ subject }) => subject.endsWith(`.${lane}`)).map(idOf)
    expect(ids(0)).toEqual(Array.from({ length: 21_000 }, (_, id) => id))
    expect(ids(1)).toEqual(Array.from({ length: 20_000 }, (_, id) => id))
    const { figures } = started.bridge.routes[0] ?? {}
    expect(figures).toMatchObject({ forwarded: 41_000, duplicates: 0, lag: 0, error: undefined })
  })
})

function idOf({ data }: StoredMessage): number {
  return JSON.parse(Buffer.from(data).toString()).id
}
