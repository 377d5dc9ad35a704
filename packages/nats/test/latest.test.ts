import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openLatest } from '@memlane/consumer'
import { createLatest } from '@memlane/producer'
import { board, f64, i64, payload, struct, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { Kvm } from '@nats-io/kv'
import { headers } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startBridge, type TestBridge } from './start-bridge.js'
import { until } from './until.js'

const Price = struct('Price', { number: u32, bid: f64 })
const Wide = struct('Wide', { bid: f64, number: i64, extra: u32 })

describe.runIf(hasNats)('the routes latest-out and latest-in', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  const route = (kind: string, name: string, bucket: string, more: object = {}) => {
    return { kind, name, bucket, key: 'shared.{key}', ...(kind === 'latest-out' && { create: {} }), ...more }
  }

  async function buckets() {
    const connection = await connect({ servers: server.url })
    onTestFinished(() => connection.close())
    const kvm = new Kvm(connection)
    return { bucket: uniqueName('bucket'), kvm, connection }
  }

  it.each(['json', 'messagepack', 'raw'])('carry a board to another machine as %s', async (encoding) => {
    const { bucket, kvm } = await buckets()
    await kvm.create(bucket)
    const [near, far] = [uniqueName('near'), uniqueName('far')]
    const schema = board({ price: Price, note: payload.utf8 })
    using writer = createLatest(near, schema)
    writer.key('price').set({ number: 1, bid: 1.5 })
    const schemaFile = encoding === 'raw' ? { schemaFile: fileWith(schema.descriptor) } : {}
    await using there = startBridge(server.url, 'there', [route('latest-in', far, bucket, schemaFile)])
    await using here = startBridge(server.url, 'here', [route('latest-out', near, bucket, { encoding })])
    using reader = await openLatest(far, schema)
    await until(() => reader.key('price').get()?.number === 1)
    writer.key('note').set('late')
    for (let number = 2; number <= 50; number++) writer.key('price').set({ number, bid: number })
    await until(() => reader.key('price').get()?.number === 50 && reader.key('note').get() === 'late')
    expect(figures(here)).toMatchObject({ restarts: 0, dropped: { refused: 0, loop: 0 } })
    expect(figures(there)).toMatchObject({ restarts: 0, dropped: { refused: 0, loop: 0 } })
  })

  it('put only the newest value within an interval, and after the server was away', async () => {
    await using own = await NatsServer.start()
    const [name, bucket] = [uniqueName('latest'), uniqueName('bucket')]
    using writer = createLatest(name, Price)
    await using here = startBridge(own.url, 'here', [
      route('latest-out', name, bucket, { key: '{name}', minIntervalMs: 300 }),
    ])
    writer.set({ number: 0, bid: 1 })
    await until(() => figures(here)?.forwarded === 1)
    for (let number = 1; number < 100; number++) writer.set({ number, bid: 1 })
    await until(() => figures(here)?.forwarded === 2)
    await own.kill()
    for (let number = 100; number < 200; number++) {
      writer.set({ number, bid: 1 })
      await setTimeout(1)
    }
    await own.restart()
    await until(() => (figures(here)?.forwarded ?? 0) > 2)
    const connection = await connect({ servers: own.url })
    onTestFinished(() => connection.close())
    const kv = await new Kvm(connection).open(bucket)
    await until(async () => (await kv.get(name))?.json<{ number: number }>().number === 199)
    expect(figures(here)?.forwarded).toBeLessThan(6)
  })

  it('project values, refuse what does not fit, and ignore deletes and own values', async () => {
    const { bucket, kvm, connection } = await buckets()
    const name = uniqueName('latest')
    const schemaFile = fileWith(Price.descriptor)
    const kv = await kvm.create(bucket)
    await using here = startBridge(server.url, 'here', [route('latest-in', name, bucket, { key: 'a.b', schemaFile })])
    using reader = await openLatest(name, Price)
    await kv.put('a.b', '{"number":1,"bid":2,"more":3}')
    await until(() => reader.get()?.number === 1)
    for (const wrong of ['', '{', 'null', '{"number":1}', '{"number":-1,"bid":2}']) {
      const { refused = 0 } = figures(here)?.dropped ?? {}
      await kv.put('a.b', wrong)
      await until(() => figures(here)?.dropped.refused === refused + 1)
    }
    const own = headers()
    own.set('Memlane-Origin', 'here')
    await connection.request(`$KV.${bucket}.a.b`, '{"number":2,"bid":2}', { headers: own, timeout: 5000 })
    await until(() => figures(here)?.dropped.loop === 1)
    await kv.delete('a.b')
    await kv.put('a.c', '{"number":7,"bid":2}')
    using wide = createLatest(uniqueName('wide'), Wide)
    wide.set({ bid: 1, number: 8n, extra: 1 })
    await using _there = startBridge(server.url, 'there', [
      route('latest-out', wide.name, bucket, { key: 'a.b', encoding: 'raw' }),
    ])
    await until(() => reader.get()?.number === 8)
    expect(reader.version).toBe(2)
    expect(figures(here)).toMatchObject({ forwarded: 2, restarts: 0 })
  })

  it('write no revision again after a restart, but all into new memory and from a new bucket', async () => {
    const { bucket, kvm } = await buckets()
    const name = uniqueName('latest')
    const stateFolder = mkdtempSync(join(tmpdir(), 'memlane-bridge-'))
    const start = () =>
      startBridge(server.url, 'here', [route('latest-in', name, bucket, { key: 'only' })], stateFolder)
    const kv = await kvm.create(bucket)
    await kv.put('only', '"first"')
    await using first = start()
    {
      using reader = await openLatest(name, payload.json<string>())
      await until(() => reader.get() === 'first')
      await first.bridge.stop()
      await using second = start()
      await until(() => figures(second)?.duplicates === 1)
      await kv.put('only', '"second"')
      await until(() => reader.get() === 'second')
      expect(reader.version).toBe(2)
      await kv.destroy()
      const again = await kvm.create(bucket)
      await again.put('only', '"third"')
      await until(() => reader.get() === 'third')
      await second.bridge.stop()
    }
    await using third = start()
    using reader = await openLatest(name, payload.json<string>())
    await until(() => reader.get() === 'third')
    expect(figures(third)).toMatchObject({ forwarded: 1, duplicates: 0 })
  })
})

function fileWith(descriptor: object): string {
  const file = join(mkdtempSync(join(tmpdir(), 'memlane-schema-')), 'schema.json')
  writeFileSync(file, JSON.stringify(descriptor))
  return file
}

function figures({ bridge }: TestBridge) {
  return bridge.routes[0]?.figures
}
