import { openStream } from '@memlane/consumer'
import { createStream } from '@memlane/producer'
import { array, f64, type PayloadDescriptor, struct, u32 } from '@memlane/protocol'
import { encodeDescriptor } from '@memlane/protocol/internal'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { Kvm } from '@nats-io/kv'
import { headers, type NatsConnection } from '@nats-io/nats-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SCHEMA } from '../src/message/headers.js'
import { schemaHash } from '../src/message/schema-store.js'
import { testStream } from './jetstream-for-test.js'
import { startBridge, type TestBridge } from './start-bridge.js'
import { until } from './until.js'

const Tick = struct('Tick', { number: u32 })
const Huge = struct('Huge', { values: array(f64, 2 ** 24) })

const figures = ({ bridge }: TestBridge) => bridge.routes[0]?.figures

describe.runIf(hasNats)('a sender on the network', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  const streamIn = (name: string, more: object = {}) =>
    startBridge(server.url, 'here', [{ kind: 'stream-in', name, subject: `${name}.>`, jetstream: name, ...more }])

  it('cannot stop a route by a schema whose messages no stream can hold', async () => {
    const { name, publish, connection } = await testStream(server.url)
    await publish('{}', { [SCHEMA]: await announce(connection, Huge.descriptor) })
    await publish('{"number":1}')
    await using bridge = streamIn(name)
    await until(() => figures(bridge)?.lag === 0)
    using reader = await openStream(name, undefined, { from: 'oldest' })
    expect(await reader.receive()).toEqual({})
    expect(await reader.receive()).toEqual({ number: 1 })
    expect(figures(bridge)).toMatchObject({ restarts: 0, error: undefined })
  })

  it('cannot stop a route by the name of a stream that the bridge cannot write, or by a name of any length', async () => {
    const { name, publish } = await testStream(server.url)
    using _taken = createStream(`${name}-a`, Tick, { maxProducers: 1 })
    await publish('{"number":1}', {}, 'a')
    await publish('{"number":1}', {}, '-'.repeat(3000))
    await publish('{"number":1}', {}, 'b')
    await using bridge = streamIn(name, { name: `${name}-{1}`, allow: [`${name}-*-*-*x`, `${name}-?`] })
    await until(() => figures(bridge)?.lag === 0)
    expect(figures(bridge)).toMatchObject({ forwarded: 1, dropped: { refused: 2 }, restarts: 0 })
  })

  it('cannot make the bridge take more than some megabytes at a time', async () => {
    const { name, publish } = await testStream(server.url)
    using local = createStream(name, Tick)
    const large = JSON.stringify({ number: 1, rest: 'x'.repeat(1_000_000) })
    for (let number = 0; number < 100; number++) await publish('{"number":0}')
    for (let number = 0; number < 12; number++) await publish(large)
    await publish('{"number":2}')
    await using bridge = streamIn(name)
    await until(() => figures(bridge)?.forwarded === 113)
    expect(figures(bridge)).toMatchObject({ restarts: 0, error: undefined, duplicates: 0 })
    expect(local.sent).toBe(0)
  })

  it('cannot fill the memory of this machine by the schema of a latest', async () => {
    const { name, connection } = await testStream(server.url)
    const bucket = name.replaceAll(/[^A-Za-z0-9]/g, '_')
    const kvm = new Kvm(connection)
    await kvm.create(bucket)
    const fields = headers()
    fields.set(SCHEMA, await announce(connection, Huge.descriptor))
    connection.publish(`$KV.${bucket}.key`, '{}', { headers: fields })
    await using bridge = startBridge(server.url, 'here', [{ kind: 'latest-in', name, bucket, key: 'key' }])
    await until(() => figures(bridge)?.dropped.refused === 1)
    expect(figures(bridge)?.restarts).toBe(0)
  })
})

async function announce(connection: NatsConnection, descriptor: PayloadDescriptor): Promise<string> {
  const encoded = encodeDescriptor(descriptor)
  const bucket = await new Kvm(connection).create('memlane_schemas', { history: 1 })
  await bucket.put(schemaHash(encoded), encoded)
  return schemaHash(encoded)
}
