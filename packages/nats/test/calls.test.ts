import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type CallServer, type Handlers, serve } from '@memlane/consumer'
import { type Client, connect } from '@memlane/producer'
import { api, call, f64, payload, stream, struct, u32, u64 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import type { Msg, NatsConnection } from '@nats-io/nats-core'
import { Svcm } from '@nats-io/services'
import { connect as connectToNats, headers } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startBridge, type TestBridge } from './start-bridge.js'

const Order = struct('Order', { id: u32, size: u64 })
const Quote = struct('Quote', { id: u32, price: f64 })
const Pricing = api('Pricing', {
  quote: call(Order, Quote, { idempotent: true }),
  echo: call(payload.json(), payload.json()),
  bytes: call(payload.bytes, payload.bytes),
  hold: call(Order, Quote),
  trades: call(Order, stream(Quote)),
  secret: call(Order, Quote),
})
type Procedures = typeof Pricing.procedures

/** What the handlers have told. */
const told: string[] = []

const handlers: Handlers<Procedures> = {
  quote: ({ id, size }) => ({ id, price: Number(size) / 2 }),
  echo(value) {
    if (value === 'fail') throw Object.assign(new RangeError('too many'), { code: 'TOO_MANY', data: { most: 3 } })
    return value
  },
  bytes: (value) => value,
  hold: ({ id }, { signal }) => {
    told.push(`began ${id}`)
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        told.push(`aborted ${id}`)
        reject(signal.reason)
      })
    })
  },
  async *trades({ id, size }) {
    try {
      for (let count = 0; count < size; count++) {
        if (id === 99 && count === 2) throw new TypeError('no more')
        yield { id, price: count }
        told.push(`yielded ${count} of ${id}`)
      }
    } finally {
      told.push(`ended ${id}`)
    }
  },
  secret: ({ id }) => ({ id, price: 0 }),
}

async function until(text: string): Promise<void> {
  while (!told.includes(text)) await setTimeout(5)
}

describe.runIf(hasNats)('calls over NATS', () => {
  const subject = uniqueName('calls')
  const names = { far: `${subject}-far`, json: `${subject}-json`, raw: `${subject}-raw`, messagepack: `${subject}-mp` }
  let nats: NatsServer
  let far: TestBridge
  let near: TestBridge
  let server: CallServer
  let plain: NatsConnection
  const clients: Record<string, Client<Procedures>> = {}

  beforeAll(async () => {
    nats = await NatsServer.start({ config: 'max_payload: 65536' })
    server = serve(names.far, Pricing, handlers, { maxRequestLength: 4096, maxAnswerLength: 4096 })
    far = startBridge(nats.url, 'far', [
      {
        kind: 'call-out',
        name: names.far,
        subject: `${subject}.{procedure}`,
        allow: ['quote', 'echo', 'bytes', 'hold', 'tr*'],
        concurrency: 64,
      },
    ])
    near = startBridge(
      nats.url,
      'near',
      (['json', 'raw', 'messagepack'] as const).map((encoding) => ({
        kind: 'call-in',
        name: names[encoding],
        subject: `${subject}.{procedure}`,
        encoding,
        timeoutMs: 800,
        ...(encoding === 'json' && { maxRequestLength: 80_000 }),
      })),
    )
    for (const encoding of ['json', 'raw', 'messagepack'] as const) {
      clients[encoding] = await connect(names[encoding], Pricing)
    }
    plain = await connectToNats({ servers: nats.url })
  })

  afterAll(async () => {
    for (const client of Object.values(clients)) client.close()
    await plain?.close()
    await near?.[Symbol.asyncDispose]()
    await far?.[Symbol.asyncDispose]()
    await server?.close()
    await nats?.[Symbol.asyncDispose]()
  })

  const client = (encoding = 'json') => clients[encoding] as Client<Procedures>
  const order = (id: number, size = 10) => ({ id, size: BigInt(size) })

  for (const encoding of ['json', 'raw', 'messagepack']) {
    it(`brings answers, errors and streams back in ${encoding}`, async () => {
      const pricing = client(encoding)
      expect(await pricing.quote(order(1, 21))).toEqual({ id: 1, price: 10.5 })
      expect(await pricing.echo({ deep: ['é', null] })).toEqual({ deep: ['é', null] })
      expect(await pricing.bytes(Uint8Array.of(0, 255))).toEqual(Uint8Array.of(0, 255))
      await expect(pricing.echo('fail')).rejects.toMatchObject({
        name: 'RangeError',
        message: 'too many',
        code: 'TOO_MANY',
        data: { most: 3 },
      })
      const prices: number[] = []
      for await (const { price } of pricing.trades(order(7, 700))) prices.push(price)
      expect(prices).toEqual(Array.from({ length: 700 }, (_, index) => index))
      for await (const _ of pricing.trades(order(8, 0))) throw new Error('a part')
      const failing: number[] = []
      const read = async () => {
        for await (const { price } of pricing.trades(order(99, 9))) failing.push(price)
      }
      await expect(read()).rejects.toMatchObject({ name: 'TypeError', message: 'no more' })
      expect(failing).toEqual([0, 1])
    })
  }

  it('answers many calls at a time', async () => {
    const ids = Array.from({ length: 300 }, (_, id) => id)
    const quotes = await Promise.all(ids.map((id) => client().quote(order(id))))
    expect(quotes.map(({ id }) => id)).toEqual(ids)
  })

  it('cancels at the far side when the client gives up, when a deadline passes and when a loop is left', async () => {
    const controller = new AbortController()
    const aborted = client().hold(order(1), { signal: controller.signal })
    await until('began 1')
    controller.abort(new Error('enough'))
    await expect(aborted).rejects.toThrow('enough')
    await until('aborted 1')

    await expect(client().hold(order(2), { timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMED_OUT', taken: true })
    await until('aborted 2')

    for await (const { price } of client().trades(order(3, 1e6))) if (price === 5) break
    await until('ended 3')
  })

  it('pauses a streamed answer while its reader pauses', async () => {
    const parts = client().trades(order(4, 1e6))
    await parts.next()
    let last = -1
    const highest = () => Number(told.findLast((line) => line.endsWith(' of 4'))?.split(' ')[1])
    while (highest() !== last) {
      last = highest()
      await setTimeout(150)
    }
    expect(last).toBeLessThan(5000)
    for (let count = 1; count < 3000; count++) expect((await parts.next()).value?.price).toBe(count)
    await parts.return?.()
    await until('ended 4')
  })

  it('says at once or in time that no service offers a procedure', async () => {
    await expect(client().secret(order(1))).rejects.toMatchObject({
      code: 'NO_RESPONDERS',
      data: { taken: false },
      message: 'no service answers calls of secret. The procedure did not run.',
    })
    await expect(client().secret(order(1), { timeoutMs: 200 })).rejects.toMatchObject({ code: 'NO_RESPONDERS' })
  })

  it('refuses what is too long for the wire or for the far memory', async () => {
    await expect(client().echo('x'.repeat(70_000))).rejects.toMatchObject({ name: 'RangeError' })
    await expect(client().echo('x'.repeat(10_000))).rejects.toMatchObject({ name: 'RangeError', code: 'REFUSED' })
  })

  const request = (procedure: string, data: string | Uint8Array, found: Record<string, string> = {}) => {
    const sent = headers()
    for (const [key, value] of Object.entries(found)) sent.set(key, value)
    return plain.request(`${subject}.${procedure}`, data, { timeout: 5000, headers: sent })
  }

  it('answers a plain client of NATS in JSON, and streams to it', async () => {
    const reply = await plain.request(`${subject}.quote`, '{"id":5,"size":"3"}')
    expect(reply.json()).toEqual({ id: 5, price: 1.5 })
    expect(reply.headers).toBeUndefined()

    const parts: unknown[] = []
    const all = await plain.requestMany(`${subject}.trades`, '{"id":6,"size":"500"}', { strategy: 'sentinel' })
    for await (const part of all) if (part.data.length > 0) parts.push(part.json<{ price: number }>().price)
    expect(parts).toEqual(Array.from({ length: 500 }, (_, index) => index))

    const failed = await request('echo', '"fail"')
    expect(failed.headers?.get('Nats-Service-Error-Code')).toBe('500')
    expect(failed.headers?.get('Nats-Service-Error')).toBe('too many')
    expect(failed.json()).toEqual({ name: 'RangeError', message: 'too many', code: 'TOO_MANY', data: { most: 3 } })
  })

  it('ends the stream of a plain client that has left', async () => {
    const replies = plain.subscribe('left.*')
    plain.publish(`${subject}.trades`, '{"id":11,"size":"100000000"}', { reply: 'left.1' })
    for await (const _ of replies) break
    await until('ended 11')

    const reader = plain.subscribe('left.2')
    plain.publish(`${subject}.trades`, '{"id":12,"size":"100000000"}', { reply: 'left.2' })
    for await (const { reply, headers: found } of reader) {
      expect(found?.get('Memlane-Sequence')).toBe('1')
      plain.publish(reply ?? '', 'cancel')
      break
    }
    await until('ended 12')
  })

  it('keeps the deadline, heartbeat and window of a plain client', async () => {
    const late = await request('hold', '{"id":20,"size":"1"}', { 'Memlane-Timeout': '50' })
    expect(late.headers?.get('Nats-Service-Error-Code')).toBe('504')
    expect(late.json()).toMatchObject({ code: 'TIMED_OUT', data: { taken: true } })

    const sent = headers()
    sent.set('Memlane-Heartbeat', '100')
    sent.set('Memlane-Window', '3')
    const replies = plain.subscribe('windowed')
    plain.publish(`${subject}.trades`, '{"id":21,"size":"9"}', { reply: 'windowed', headers: sent })
    const parts: number[] = []
    let signs = 0
    let message: Msg
    for await (message of replies) {
      const status = message.headers?.get('Memlane-Status')
      if (status === 'end') break
      if (status === 'running') {
        expect(parts.length % 3).toBe(0)
        // The second sign in a row: nothing came in between.
        if (++signs === 2) plain.publish(message.reply ?? '', `taken ${parts.length}`)
      } else {
        parts.push(message.json<{ price: number }>().price)
        signs = 0
      }
    }
    expect(parts).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(told).toContain('ended 21')

    // This one never answers a sign of life.
    plain.publish(`${subject}.hold`, '{"id":22,"size":"1"}', { reply: 'nowhere', headers: sent })
    await until('aborted 22')
  })

  it('answers hostile requests with errors', async () => {
    const { refused } = near.bridge.routes[0]?.figures.dropped ?? { refused: -1 }
    const raw = { 'Content-Type': 'application/vnd.memlane' }
    const cases: [string, string | Uint8Array, Record<string, string>][] = [
      ['quote', '', {}],
      ['quote', '{', {}],
      ['quote', '[]', {}],
      ['quote', '{"id":-1,"size":"1"}', {}],
      ['quote', '{"id":1,"size":"x"}', {}],
      ['quote', '{"id":1,"size":{}}', {}],
      ['quote', Uint8Array.of(0xff, 0xc0), {}],
      ['quote', Uint8Array.of(0xc1), { 'Content-Type': 'application/msgpack' }],
      ['quote', '{"id":1,"size":"1"}', { 'Memlane-Timeout': '-1' }],
      ['quote', '{"id":1,"size":"1"}', { 'Memlane-Heartbeat': '1' }],
      ['trades', '{"id":1,"size":"1"}', { 'Memlane-Window': '1e9' }],
    ]
    for (const [procedure, data, found] of cases) {
      const reply = await request(procedure, data, found)
      expect([data, reply.headers?.get('Nats-Service-Error-Code')]).toEqual([data, '400'])
      expect(reply.json()).toMatchObject({ code: 'REFUSED', data: { taken: false } })
    }
    const other = await request('quote', new Uint8Array(16), { ...raw, 'Memlane-Schema': '0123456789abcdef' })
    expect(other.json()).toMatchObject({ code: 'SCHEMA_MISMATCH' })
    const { dropped } = far.bridge.routes[0]?.figures ?? {}
    expect(dropped?.refused).toBeGreaterThanOrEqual(cases.length + 1)
    expect(refused).toBe(0)
    plain.publish(`${subject}.quote`, '{"id":1,"size":"1"}')
    expect(await client().quote(order(1, 2))).toEqual({ id: 1, price: 1 })
  })

  it('refuses calls beyond the concurrency, and a bridge tries them again', async () => {
    const controller = new AbortController()
    const ids = Array.from({ length: 64 }, (_, index) => 100 + index)
    const held = ids.map((id) => client(id < 160 ? 'json' : 'raw').hold(order(id), { signal: controller.signal }))
    for (const id of ids) await until(`began ${id}`)
    const busy = await request('quote', '{"id":1,"size":"1"}')
    expect(busy.json()).toMatchObject({ code: 'BUSY', data: { taken: false } })
    const waiting = client('messagepack').quote(order(3, 4), { timeoutMs: 5000 })
    await setTimeout(50)
    controller.abort()
    await Promise.allSettled(held)
    expect(await waiting).toEqual({ id: 3, price: 2 })
    const { figures } = near.bridge.routes[2] ?? {}
    expect(figures?.retries).toBeGreaterThan(0)
    expect(figures?.inFlight).toBe(0)
  })

  it('is found by tools for services of NATS', async () => {
    // biome-ignore lint/suspicious/noExplicitAny: the library brings a core of its own
    const services = new Svcm(plain as any).client()
    const name = names.far
    const [ping] = await collect(services.ping(name))
    expect(ping).toMatchObject({ name, version: '1.0.0', metadata: { 'memlane-name': name, 'memlane-origin': 'far' } })
    const [info] = await collect(services.info(name))
    const endpoints = (info as { endpoints: { name: string; subject: string; metadata: object }[] }).endpoints
    expect(endpoints.map((each) => each.name)).toEqual(['memlane-api', 'quote', 'echo', 'bytes', 'hold', 'trades'])
    expect(endpoints[1]).toMatchObject({
      subject: `${subject}.quote`,
      queue_group: 'q',
      metadata: { procedure: 'quote', streams: 'false', idempotent: 'true' },
    })
    const [stats] = await collect(services.stats(name))
    const [, quote, echo] = (stats as { endpoints: Record<string, number | string>[] }).endpoints
    expect(quote?.num_requests).toBeGreaterThan(300)
    expect(quote?.average_processing_time).toBeGreaterThan(0)
    expect(echo?.num_errors).toBeGreaterThan(0)
    expect(echo?.last_error).toMatch(/too many|maxRequestLength/)
  })

  it('calls services of other programs, whatever they reply', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'memlane-bridge-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const schemaFile = join(folder, 'api.json')
    const name = `${subject}-foreign`
    writeFileSync(schemaFile, JSON.stringify(Pricing.descriptor))
    const replies: Record<string, (message: Msg) => void> = {
      quote: (message) => message.respond('{"id":1,"price":2,"more":3}'),
      trades(message) {
        for (const price of [0, 1]) message.respond(JSON.stringify({ id: 1, price }))
        message.respond('')
      },
      bytes: (message) => message.respond(Uint8Array.of(0xff)),
      secret(message) {
        const found = headers()
        found.set('Nats-Service-Error-Code', '418')
        found.set('Nats-Service-Error', 'a teapot')
        message.respond('no JSON', { headers: found })
      },
      hold: () => {},
      echo(message) {
        const found = headers()
        found.set('Nats-Service-Error-Code', 'x')
        message.respond('{"name":7,"message":[],"code":{}}', { headers: found })
      },
    }
    for (const [procedure, reply] of Object.entries(replies)) {
      plain.subscribe(`${name}.${procedure}`, { callback: (_, message) => reply(message) })
    }
    await plain.flush()
    await using _ = startBridge(nats.url, 'foreign', [{ kind: 'call-in', name, schemaFile, timeoutMs: 300 }])
    using foreign = await connect(name, Pricing)
    expect(await foreign.quote(order(1))).toEqual({ id: 1, price: 2 })
    const prices: number[] = []
    for await (const { price } of foreign.trades(order(1))) prices.push(price)
    expect(prices).toEqual([0, 1])
    await expect(foreign.bytes(Uint8Array.of(1))).rejects.toMatchObject({
      message: expect.stringContaining('an answer of bytes does not fit its schema'),
    })
    await expect(foreign.secret(order(1))).rejects.toMatchObject({ message: 'a teapot', code: '418' })
    await expect(foreign.echo(1)).rejects.toMatchObject({ name: 'Error', code: 'x' })
    await expect(foreign.hold(order(1))).rejects.toMatchObject({ code: 'DIED', data: { taken: true } })
  })

  it('leaves the memory when the last server has left, and offers another API that follows', async () => {
    await server.close()
    await expect(client().quote(order(1))).rejects.toMatchObject({ data: { taken: false } })
    const Other = api('Other', { quote: call(Order, Quote), more: call(Order, Quote) })
    const handler = ({ id }: { id: number }) => ({ id, price: 77 })
    using other = serve(names.far, Other, { quote: handler, more: handler })
    expect(await client().quote(order(9), { timeoutMs: 10_000 })).toEqual({ id: 9, price: 77 })
    // The route with raw bytes learns it, and needs its memory free for the new API.
    await expect(client('raw').quote(order(9), { timeoutMs: 10_000 })).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
    })
    client('raw').close()
    using again = await connect(names.raw, Other)
    expect(await again.quote(order(10))).toEqual({ id: 10, price: 77 })
    expect(other.closed).toBe(false)
  })
})

async function collect(found: Promise<AsyncIterable<unknown>>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const each of await found) all.push(each)
  return all
}
