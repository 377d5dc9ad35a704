import { openStream } from '@memlane/consumer'
import { createStream, joinStream } from '@memlane/producer'
import { bytes, struct, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startBridge, type TestBridge } from './start-bridge.js'
import { sequencesIn, storedMessages, upTo } from './stored-messages.js'
import { until } from './until.js'

const Tick = struct('Tick', { id: u32, value: u32 })
const block = { kind: 'stream-out', onOverrun: 'block', create: {} } as const
const waiting = { capacity: 65_536, withoutConsumers: 'wait' } as const

const figuresOf = ({ bridge }: TestBridge) => bridge.routes[0]?.figures

describe.runIf(hasNats)('a route from a stream to JetStream', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('carries the messages of each producer in order, and keeps them until JetStream has them', async () => {
    const name = uniqueName('out')
    using first = createStream(name, Tick, waiting)
    using second = await joinStream(name, Tick)
    for (let id = 0; id < 1000; id++) first.trySend({ id, value: 1 })
    const subject = 'lanes.{name}.{lane}'
    await using bridge = startBridge(server.url, 'here', [{ ...block, name, subject, jetstream: name, window: 64 }])
    for (let id = 0; id < 5000; id++) {
      await first.send({ id: id + 1000, value: 1 })
      await second.send({ id, value: 2 })
    }
    await first.flush()
    await second.flush()
    const stored = await storedMessages(server.url, name)
    const ids = (lane: number) =>
      stored
        .filter((message) => message.subject === `lanes.${name}.${lane}`)
        .map(({ data }) => JSON.parse(Buffer.from(data).toString()).id)
    expect(ids(0)).toEqual(upTo(6000))
    expect(ids(1)).toEqual(upTo(5000))
    expect(sequencesIn(stored, 0)).toEqual(upTo(6000))
    expect(figuresOf(bridge)).toMatchObject({ forwarded: 11_000, duplicates: 0, lag: 0, inFlight: 0, error: undefined })
  })

  it('carries MessagePack and raw bytes, and names the schema and the producer', async () => {
    const name = uniqueName('forms')
    using writer = createStream(name, Tick, waiting)
    const routes = (['messagepack', 'raw'] as const).map((encoding) => {
      return { ...block, name, encoding, subject: `${name}.${encoding}`, jetstream: `${name}-${encoding}` }
    })
    await using _one = startBridge(server.url, 'one', routes.slice(0, 1))
    await using _two = startBridge(server.url, 'two', routes.slice(1))
    await writer.consumersReady(2)
    await writer.send({ id: 7, value: 8 })
    await writer.flush()
    const [packed] = await storedMessages(server.url, `${name}-messagepack`)
    const [raw] = await storedMessages(server.url, `${name}-raw`)
    expect([...(raw?.data ?? [])]).toEqual([7, 0, 0, 0, 8, 0, 0, 0])
    expect(packed?.data[0]).toBe(0x82) // a map of two
    expect(raw?.headers).toMatchObject({
      'Content-Type': 'application/vnd.memlane',
      'Memlane-Origin': 'two',
      'Memlane-Producer': expect.stringMatching(/^[0-9a-f]{32}\/0$/),
      'Memlane-Schema': expect.stringMatching(/^[0-9a-f]{16}$/),
      'Memlane-Time': expect.stringMatching(/^\d{13}$/),
    })
  })

  it('follows memory that ends and comes back, and producers that come and go', async () => {
    const name = uniqueName('again')
    await using bridge = startBridge(server.url, 'here', [{ ...block, name, subject: name, jetstream: name }])
    for (let life = 0; life < 3; life++) {
      using writer = createStream(name, Tick, waiting)
      await writer.consumersReady(1)
      for (let id = 0; id < 10; id++) await writer.send({ id, value: life })
      using late = await joinStream(name, Tick)
      await late.send({ id: 10, value: life })
      await late.flush()
      late.close()
      await writer.flush()
      writer.close()
      // The bridge lets go of memory that nobody else uses.
      await until(() =>
        openStream(name, Tick, { timeoutMs: 0 }).then(
          (reader) => reader.close(),
          () => true,
        ),
      )
    }
    const stored = await storedMessages(server.url, name)
    expect(stored.length).toBe(33)
    expect(new Set(stored.map(({ headers }) => headers['Memlane-Producer'])).size).toBe(6)
    expect(figuresOf(bridge)).toMatchObject({ forwarded: 33, duplicates: 0, restarts: 0 })
  })

  it('refuses to block the producers of an overwriting stream, and says so', async () => {
    const name = uniqueName('overwriting')
    using writer = createStream(name, Tick, { overflow: 'overwrite' })
    await using bridge = startBridge(server.url, 'here', [{ ...block, name, subject: name, jetstream: name }])
    await until(() => figuresOf(bridge)?.error !== undefined)
    expect(figuresOf(bridge)?.error).toMatch(/has overflow: "overwrite", so its producers never wait/)
    expect(writer.closed).toBe(false)
  })

  it('carries an overwriting stream, and counts what it misses', async () => {
    const name = uniqueName('overwriting')
    using writer = createStream(name, Tick, { overflow: 'overwrite', capacity: 65_536 })
    for (let id = 0; id < 10_000; id++) writer.trySend({ id, value: 0 })
    const route = { kind: 'stream-out', name, subject: name, jetstream: name, create: {} }
    await using bridge = startBridge(server.url, 'here', [route])
    await until(() => (figuresOf(bridge)?.forwarded ?? 0) > 0 && figuresOf(bridge)?.lag === 0)
    const held = figuresOf(bridge)?.forwarded ?? 0
    for (let id = 0; id < 100; id++) writer.trySend({ id, value: 1 })
    await until(() => figuresOf(bridge)?.forwarded === held + 100)
    const sequences = sequencesIn(await storedMessages(server.url, name))
    expect(sequences).toEqual(upTo(held + 100).map((number) => number + 10_000 - held))
    for (let id = 0; id < 20_000; id++) writer.trySend({ id, value: 2 })
    await until(() => (figuresOf(bridge)?.dropped.missed ?? 0) > 0 && figuresOf(bridge)?.lag === 0)
    const { forwarded = 0, dropped } = figuresOf(bridge) ?? {}
    expect(forwarded - held - 100 + (dropped?.missed ?? 0)).toBe(20_000)
  })

  it('waits for a stream of JetStream that is missing, and blocks producers meanwhile', async () => {
    const name = uniqueName('missing')
    using writer = createStream(name, Tick, waiting)
    const { create: _, ...route } = { ...block, name, subject: name, jetstream: name }
    await using bridge = startBridge(server.url, 'here', [route])
    await until(() => figuresOf(bridge)?.error !== undefined)
    expect(figuresOf(bridge)?.error).toContain(`JetStream has no stream "${name}"`)
    let sent = 0
    while (writer.trySend({ id: sent, value: 0 })) sent++
    const connection = await connect({ servers: server.url })
    const manager = await jetstreamManager(connection)
    await manager.streams.add({ name, subjects: [`${name}.other`] })
    await until(() => figuresOf(bridge)?.error?.includes('no stream of JetStream takes messages of subject'))
    await manager.streams.update(name, { subjects: [name] })
    await connection.close()
    await writer.send({ id: sent, value: 0 })
    await writer.flush()
    expect(sequencesIn(await storedMessages(server.url, name))).toEqual(upTo(sent + 1))
  })

  it('carries all memories of a pattern to one stream of JetStream, however long their names are', async () => {
    const prefix = uniqueName('many')
    using first = createStream(`${prefix}-a`, Tick)
    using second = createStream(`${prefix}-b`, Tick)
    using third = createStream(`${prefix}-${'ü '.repeat(40)}`, Tick)
    for (const writer of [first, second, third]) writer.trySend({ id: 1, value: 1 })
    const subject = `${prefix}.of-{name}.lane{lane}`
    await using started = startBridge(server.url, 'here', [
      { ...block, name: `${prefix}-*`, subject, jetstream: prefix },
    ])
    await until(async () => (await storedMessages(server.url, prefix).catch(() => [])).length === 3)
    expect(started.bridge.routes.map(({ figures }) => figures.restarts)).toEqual([0, 0, 0])
  })

  it('leaves out a message that the server does not take, and goes on', async () => {
    const name = uniqueName('long')
    const Long = struct('Long', { rest: bytes(1_200_000) })
    using writer = createStream(name, Long, { capacity: 2 ** 22, withoutConsumers: 'wait' })
    await using bridge = startBridge(server.url, 'here', [
      { ...block, name, subject: name, jetstream: name, encoding: 'raw' },
    ])
    await writer.send({ rest: new Uint8Array(1_200_000) })
    await writer.flush()
    expect(figuresOf(bridge)).toMatchObject({ forwarded: 0, dropped: { refused: 1 } })
    expect(bridge.log.some((line) => line.includes('max_payload is 1048576'))).toBe(true)
  })

  it('keeps going on a stream of JetStream that others publish to, too', async () => {
    const name = uniqueName('shared')
    using writer = createStream(name, Tick, waiting)
    await using bridge = startBridge(server.url, 'here', [
      { ...block, name, subject: `${name}.own`, jetstream: name, create: {} },
    ])
    await writer.send({ id: 0, value: 0 })
    await writer.flush()
    const connection = await connect({ servers: server.url })
    const manager = await jetstreamManager(connection)
    await manager.streams.update(name, { subjects: [`${name}.*`] })
    const other = jetstream(connection)
    for (let id = 1; id < 5000; id++) {
      await writer.send({ id, value: 0 })
      if (id % 10 === 0) await other.publish(`${name}.other`)
    }
    await writer.flush()
    await connection.close()
    expect(sequencesIn(await storedMessages(server.url, name))).toEqual(upTo(5000))
    expect(figuresOf(bridge)).toMatchObject({ forwarded: 5000, error: undefined })
  })

  it('does not publish what this bridge has brought in', async () => {
    const name = uniqueName('loop')
    using writer = createStream(name, Tick, { ...waiting, maxProducers: 2 })
    await using far = startBridge(server.url, 'far', [
      { kind: 'stream-in', name, subject: `${name}.in`, jetstream: `${name}-in` },
      { ...block, name, subject: `${name}.out`, jetstream: `${name}-out` },
    ])
    const near = uniqueName('loop')
    using source = createStream(near, Tick, waiting)
    await using _near = startBridge(server.url, 'near', [
      { ...block, name: near, subject: `${name}.in`, jetstream: `${name}-in` },
    ])
    await source.send({ id: 1, value: 1 })
    await writer.send({ id: 2, value: 2 })
    const out = () => far.bridge.routes.find(({ kind }) => kind === 'stream-out')?.figures
    await until(() => out()?.dropped.loop === 1 && out()?.forwarded === 1)
    expect((await storedMessages(server.url, `${name}-out`)).length).toBe(1)
  })
})
