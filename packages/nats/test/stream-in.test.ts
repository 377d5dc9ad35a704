import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openStream } from '@memlane/consumer'
import { inspect } from '@memlane/inspect'
import { Payload } from '@memlane/inspect/internal'
import { createStream } from '@memlane/producer'
import { f64, i64, type PayloadDescriptor, struct, u32, utf8 } from '@memlane/protocol'
import { encodeDescriptor } from '@memlane/protocol/internal'
import { messagepack } from '@memlane/protocol/messagepack'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { Kvm } from '@nats-io/kv'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONTENT_TYPE, CONTENT_TYPES, ORIGIN, SCHEMA } from '../src/message/headers.js'
import { schemaHash } from '../src/message/schema-store.js'
import { testStream } from './jetstream-for-test.js'
import { startBridge, type TestBridge } from './start-bridge.js'
import { until } from './until.js'

const Quote = struct('Quote', { number: u32, price: f64 })
const Wide = struct('Wide', { symbol: utf8(8), number: i64, price: f64 })
const Narrow = struct('Narrow', { number: u32 })

describe.runIf(hasNats)('a route stream-in', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  const bridgeTo = (route: { name: string; jetstream: string }, folder?: string) =>
    startBridge(server.url, 'here', [{ kind: 'stream-in', subject: `${route.jetstream}.>`, ...route }], folder)

  it('brings JSON of other programs to a stream of its schema, in order', async () => {
    const { name, publish } = await testStream(server.url)
    using local = createStream(name, Quote)
    using reader = await openStream(name, Quote)
    await using bridge = bridgeTo({ name, jetstream: name })
    for (let number = 0; number < 100; number++) await publish(JSON.stringify({ number, price: number / 2 }))
    expect(await numbers(reader, 100)).toEqual(upTo(100))
    expect(figures(bridge)).toMatchObject({ forwarded: 100, restarts: 0, lag: 0 })
    expect(local.sent).toBe(0)
  })

  it('creates the stream with the schema that the sender has announced, and projects other schemas', async () => {
    const { name, publish, connection } = await testStream(server.url)
    const announce = async (descriptor: PayloadDescriptor) => {
      const encoded = encodeDescriptor(descriptor)
      const bucket = await new Kvm(connection).create('memlane_schemas', { history: 1 })
      await bucket.put(schemaHash(encoded), encoded)
      return schemaHash(encoded)
    }
    const [quote, wide, narrow] = await Promise.all([Quote, Wide, Narrow].map(({ descriptor }) => announce(descriptor)))
    const send = (schema: string | undefined, encoding: keyof typeof CONTENT_TYPES, body: string | Uint8Array) =>
      publish(body, { [SCHEMA]: schema ?? '', [CONTENT_TYPE]: CONTENT_TYPES[encoding] })
    const raw = ({ descriptor }: { descriptor: PayloadDescriptor }, value: unknown) =>
      new Payload(descriptor).encode(value)
    const packed = (value: unknown) => raw(messagepack(), value)

    await send(quote, 'raw', raw(Quote, { number: 0, price: 1 }))
    await using bridge = bridgeTo({ name, jetstream: name })
    await until(() => figures(bridge)?.forwarded === 1)
    using reader = await openStream(name, Quote, { from: 'oldest' })
    await send(quote, 'json', '{"number":1,"price":2}')
    await send(quote, 'messagepack', packed({ number: 2, price: 3 }))
    await send(wide, 'raw', raw(Wide, { symbol: 'A', number: 3n, price: 4 }))
    await send(wide, 'json', '{"symbol":"A","number":"4","price":4}')
    await send(wide, 'messagepack', packed({ symbol: 'A', number: 5n, price: 4 }))
    // refused: a field is missing, a number is too large, no schema, no such encoding, no JSON, too short, too long
    await send(narrow, 'raw', raw(Narrow, { number: 99 }))
    await send(narrow, 'json', '{"number":99}')
    await send(wide, 'raw', raw(Wide, { symbol: 'A', number: 2n ** 40n, price: 4 }))
    await send('0123456789abcdef', 'raw', raw(Quote, { number: 99, price: 3 }))
    await send('../../etc/passwd', 'raw', raw(Quote, { number: 99, price: 3 }))
    await send(quote, 'json', '{"number":99,"price":')
    await send(quote, 'json', 'null')
    await send(quote, 'raw', new Uint8Array(3))
    await send(quote, 'messagepack', new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff]))
    await send(quote, 'json', `{"number":99,"price":1,"x":${'['.repeat(100_000)}`)
    await send(quote, 'raw', new Uint8Array(500_000))
    await send(quote, 'raw', raw(Quote, { number: 6, price: 1 }))
    expect(await numbers(reader, 7)).toEqual(upTo(7))
    expect(figures(bridge)).toMatchObject({ forwarded: 7, restarts: 0, dropped: { refused: 11 } })
    expect(bridge.log.join('\n')).toContain('is refused: ')
  })

  it('refuses a schema of the bucket that is none, and messages of its own', async () => {
    const { name, publish, connection } = await testStream(server.url)
    const bucket = await new Kvm(connection).create('memlane_schemas', { history: 1 })
    const nonsense = Buffer.from('{"kind":"struct","name":"X","fields":[[[[')
    await bucket.put(schemaHash(nonsense), nonsense)
    await publish('{}', { [SCHEMA]: schemaHash(nonsense), [CONTENT_TYPE]: CONTENT_TYPES.raw })
    await publish('{}', { [ORIGIN]: 'here' })
    await publish('{"ours":1}', { [ORIGIN]: 'there' })
    await using bridge = bridgeTo({ name, jetstream: name })
    await until(() => figures(bridge)?.forwarded === 1)
    expect(figures(bridge)).toMatchObject({ dropped: { refused: 1, loop: 1 }, restarts: 0 })
    using reader = await openStream(name, undefined, { from: 'oldest' })
    expect(await reader.receive()).toEqual({ ours: 1 })
  })

  it('makes one stream for each subject that the allow list has', async () => {
    const { name, publish } = await testStream(server.url)
    const folder = mkdtempSync(join(tmpdir(), 'memlane-schema-'))
    const schemaFile = join(folder, 'quote.json')
    writeFileSync(schemaFile, JSON.stringify(Quote.descriptor))
    const route = { jetstream: name, subject: `${name}.*.>`, schemaFile, capacity: 65_536, maxProducers: 2 }
    await using bridge = bridgeTo({ ...route, ...{ name: `${name}-{1}-{2}`, allow: [`${name}-good-*`] } })
    const send = (number: number, last: string) => publish(JSON.stringify({ number, price: 1 }), {}, last)
    for (let number = 0; number < 20; number++) {
      await send(number, 'good.a')
      await send(number, 'good.b.c')
      await send(number, 'bad.a')
    }
    await until(() => figures(bridge)?.lag === 0 && figures(bridge)?.dropped.refused === 20)
    for (const last of ['a', 'b_c']) {
      using reader = await openStream(`${name}-good-${last}`, Quote, { from: 'oldest' })
      expect(await numbers(reader, 20)).toEqual(upTo(20))
    }
    expect(() => inspect(`${name}-bad-a`)).toThrow()
    expect(inspect(`${name}-good-a`)).toMatchObject({ geometry: { capacity: 65_536, maxProducers: 2 } })
  })

  it('waits while the stream is full, with few messages in flight, and loses none', async () => {
    const { name, publish, manager } = await testStream(server.url)
    using _local = createStream(name, Quote, { capacity: 65_536, withoutConsumers: 'wait' })
    await using bridge = bridgeTo({ ...{ window: 128 }, name, jetstream: name })
    const count = 4000
    for (let first = 0; first < count; first += 200) {
      await Promise.all(upTo(200).map((number) => publish(JSON.stringify({ number: first + number, price: 1 }))))
    }
    await until(() => (figures(bridge)?.forwarded ?? 0) > 2000)
    await setTimeout(200)
    const { num_ack_pending } = await manager.consumers.info(name, `here_${name}`)
    expect(num_ack_pending).toBeLessThanOrEqual(256)
    expect(figures(bridge)?.forwarded).toBeLessThan(count)
    using reader = await openStream(name, Quote, { from: 'oldest' })
    expect((await numbers(reader, count)).sort((a, b) => a - b)).toEqual(upTo(count))
    await until(async () => (await manager.consumers.info(name, `here_${name}`)).num_ack_pending === 0)
    expect(figures(bridge)).toMatchObject({ duplicates: 0, restarts: 0, dropped: { missed: 0 } })
  })

  it('goes on after its own end, a deleted consumer, a purge, and another stream of the same name', async () => {
    const { name, publish, manager } = await testStream(server.url)
    using _local = createStream(name, Quote)
    using reader = await openStream(name, Quote)
    let next = 0
    const send = async (count: number) => {
      for (let end = next + count; next < end; next++) await publish(JSON.stringify({ number: next, price: 1 }))
    }
    const folder = mkdtempSync(join(tmpdir(), 'memlane-bridge-'))
    await send(10)
    await using first = bridgeTo({ name, jetstream: name }, folder)
    expect(await numbers(reader, 10)).toEqual(upTo(10))
    await first.bridge.stop()

    await send(10)
    await using second = bridgeTo({ name, jetstream: name }, folder)
    expect(await numbers(reader, 10)).toEqual(upTo(20).slice(10))
    await manager.consumers.delete(name, `here_${name}`)
    await send(10)
    expect(await numbers(reader, 10)).toEqual(upTo(30).slice(20))
    expect(figures(second)).toMatchObject({ restarts: 1, duplicates: 0 })

    await second.bridge.stop()
    await send(5)
    await manager.streams.purge(name)
    await send(5)
    await using third = bridgeTo({ name, jetstream: name }, folder)
    expect(await numbers(reader, 5)).toEqual(upTo(40).slice(35))
    expect(figures(third)).toMatchObject({ dropped: { missed: 5 }, duplicates: 0 })

    await manager.streams.delete(name)
    await manager.streams.add({ name, subjects: [`${name}.>`] })
    await send(60) // more than the first one had
    expect(await numbers(reader, 60)).toEqual(upTo(100).slice(40))
    expect(figures(third)?.dropped.missed).toBe(5)
  })

  it('begins behind what was acknowledged if its state is lost', async () => {
    const { name, publish, manager } = await testStream(server.url)
    using _local = createStream(name, Narrow)
    using reader = await openStream(name, Narrow)
    await publish('{"number":0}')
    await using first = bridgeTo({ name, jetstream: name })
    await until(() => figures(first)?.forwarded === 1)
    await until(async () => (await manager.consumers.info(name, `here_${name}`)).ack_floor.stream_seq === 1)
    await first.bridge.stop()
    await publish('{"number":1}')
    await using _second = bridgeTo({ name, jetstream: name })
    expect(await numbers(reader, 2)).toEqual([0, 1])
  })

  it('takes messages from a work queue, and refuses a stream with interest retention', async () => {
    const { name, publish, manager } = await testStream(server.url, { retention: 'workqueue' })
    const interest = await testStream(server.url, { retention: 'interest' })
    using _local = createStream(name, Narrow)
    using reader = await openStream(name, Narrow)
    await using bridge = startBridge(server.url, 'here', [
      { kind: 'stream-in', name, jetstream: name, subject: `${name}.>` },
      { kind: 'stream-in', name: interest.name, jetstream: interest.name, subject: `${interest.name}.>` },
    ])
    for (const number of upTo(50)) await publish(JSON.stringify({ number }))
    expect(await numbers(reader, 50)).toEqual(upTo(50))
    await until(async () => (await manager.streams.info(name)).state.messages === 0)
    await until(() => bridge.bridge.routes[1]?.figures.error?.includes('interest retention'))
  })
})

async function numbers(
  reader: { receive(options: object): Promise<{ number: number } | undefined> },
  count: number,
): Promise<number[]> {
  const found: number[] = []
  while (found.length < count) {
    const message = await reader.receive({ timeoutMs: 10_000 })
    if (message === undefined) throw new Error(`only ${found.length} of ${count} messages came`)
    found.push(message.number)
  }
  return found
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number)
}

function figures({ bridge }: TestBridge) {
  return bridge.routes[0]?.figures
}
