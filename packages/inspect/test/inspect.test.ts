import { openLatest, openQueue, openStream, serve } from '@memlane/consumer'
import { SharedMemory, SharedMemoryError } from '@memlane/core'
import { connect, createLatest, createQueue, createRegion, createStream } from '@memlane/producer'
import { api, board, call, f64, payload, struct, u32, utf8 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { randomFrom } from '@memlane/testing/random'
import { seed } from '@memlane/testing/seed'
import { describe, expect, it } from 'vitest'
import { type Inspection, inspect, inspectAll } from '../src/index.js'

const Quote = struct('Quote', { symbol: utf8(8), bid: f64, seq: u32 })
const quote = { symbol: 'ACME', bid: 1.5, seq: 7 }
const alive = { slot: 0, state: 'alive' }

/** What the looks must not change: the bytes of a memory. */
function bytesOf(name: string): Buffer {
  using memory = SharedMemory.open(name, { access: 'read' })
  return Buffer.from(memory.bytes)
}

/** Looks, and checks that the memory is as before. */
function lookAt(name: string): Inspection {
  const before = bytesOf(name)
  const found = inspect(name)
  expect(Buffer.compare(bytesOf(name), before)).toBe(0)
  return found
}

describe('a look', () => {
  it('shows a stream: its sizes, its participants, and how far they are', async () => {
    const name = uniqueName('look')
    using writer = createStream(name, Quote, { capacity: 65_536, maxProducers: 2 })
    using fast = await openStream(name, Quote)
    using _slow = await openStream(name, Quote)
    for (let n = 0; n < 10; n++) writer.trySend(quote)
    while (fast.tryReceive() !== undefined);
    fast.lag()
    const found = lookAt(name)
    expect(found).toMatchObject({
      name,
      shape: 'stream',
      schema: { name: 'Quote', descriptor: Quote.descriptor },
      geometry: { capacity: 65_536, maxProducers: 2, maxConsumers: 16, overflow: 'wait', maxMessageLength: 32_752 },
      producers: [{ ...alive, sent: 10, sentBytes: 320, heldBytes: 320 }],
      consumers: [
        { ...alive, ready: true, lagBytes: 0, lagMessages: 0, lanes: [] },
        { ...alive, slot: 1, lagBytes: 320, lagMessages: 10, lanes: [{ producer: 0, lagBytes: 320, lagMessages: 10 }] },
      ],
      figures: { sent: 10, sentBytes: 320, lagBytes: 320, lagMessages: 10 },
      findings: [],
    })
    writer.close()
    expect(inspect(name)).toMatchObject({ producers: [{ state: 'closed', sent: 10 }] })
  })

  it('shows a latest: its writer, its readers, and the version and age of each key', async () => {
    const name = uniqueName('look')
    using writer = createLatest(name, board({ quote: Quote, note: payload.json() }))
    using _ = await openLatest(name)
    for (let n = 0; n < 6; n++) writer.key('quote').set(quote)
    const found = lookAt(name)
    expect(found).toMatchObject({
      shape: 'latest',
      geometry: { keyCount: 2, cellCount: 4, maxReaders: 32 },
      writer: alive,
      readers: [alive],
      keys: [
        { key: 'quote', version: 6, valueLength: 24, capacity: 24, cellLength: 128 },
        { key: 'note', version: 0, valueLength: undefined, ageMs: undefined },
      ],
      figures: { set: 6 },
      findings: [],
    })
    if (found.shape !== 'latest') throw new Error('it is a latest')
    expect(found.figures.ageMs).toBeGreaterThanOrEqual(0)
    expect(found.figures.ageMs).toBe(found.keys[0]?.ageMs)
  })

  it('shows a queue: what waits, what is taken, and dead letters', async () => {
    const name = uniqueName('look')
    using writer = createQueue(name, Quote, { capacity: 8, maxDeliveries: 1 })
    for (let n = 0; n < 5; n++) writer.trySend(quote)
    expect(lookAt(name).findings).toMatchObject([{ code: 'NO_CONSUMERS', severity: 'warning' }])
    const reader = await openQueue(name, Quote)
    reader.tryTake()?.ack()
    reader.tryTake()?.reject('bad')
    const held = reader.tryTake()
    expect(lookAt(name)).toMatchObject({
      shape: 'queue',
      geometry: { capacity: 8, slotLength: 64, maxMessageLength: 24, maxDeliveries: 1 },
      producers: [{ ...alive, sent: 5, dropped: 0, used: 4 }],
      consumers: [{ ...alive, taken: 1 }],
      figures: { sent: 5, ready: 2, taken: 1, delayed: 0, dead: 1, dropped: 0 },
      findings: [{ code: 'DEAD_LETTERS', severity: 'warning' }],
    })
    held?.ack()
    await reader.close()
  })

  it('shows calls: clients, servers, and what waits for whom', async () => {
    const name = uniqueName('look')
    const Api = api('Pricing', { quote: call(Quote, Quote), slow: call(Quote, Quote) })
    let release = () => {}
    const server = serve(name, Api, {
      quote: (request) => request,
      slow: (request) => new Promise((resolve) => (release = () => resolve(request))),
    })
    const client = await connect(name, Api)
    await client.quote(quote)
    const pending = client.slow(quote)
    while (server.running === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(lookAt(name)).toMatchObject({
      shape: 'call',
      schema: { name: 'Pricing' },
      geometry: { capacity: 64, maxRequestLength: 24, maxClients: 16, maxServers: 8 },
      clients: [{ ...alive, called: 2, waiting: 0, taken: 1 }],
      servers: [{ ...alive, taken: 1 }],
      figures: { called: 2, waiting: 0, taken: 1 },
      findings: [],
    })
    release()
    await pending
    client.close()
    await server.close()
  })

  it('shows a region by its writer, and other memory by its first bytes', () => {
    const name = uniqueName('look')
    const region = createRegion(name, Quote, { value: quote })
    expect(lookAt(name)).toMatchObject({ shape: 'region', writers: [alive], start: expect.stringMatching(/^41434d45/) })
    region.close()
    using _ = SharedMemory.create(name, 3, { initialize: (_, bytes) => bytes.set([1, 2, 255]) })
    using memory = SharedMemory.open(name, { access: 'read' }) // on Windows, it sees whole pages
    const found = lookAt(name)
    expect(found).toMatchObject({ shape: 'bytes', writers: [], length: memory.objectLength, findings: [] })
    expect(found).toMatchObject({ start: expect.stringMatching(/^0102ff/) })
  })

  it('at all memory finds each of them, and says why it cannot read one', () => {
    const [first, second, third] = [1, 2, 3].map((n) => uniqueName(`look-${n}`)) as [string, string, string]
    using _stream = createStream(first, Quote)
    using _bytes = SharedMemory.create(second, 100)
    using wrong = createStream(third, Quote)
    wrong.trySend(quote)
    using memory = SharedMemory.open(third)
    new Uint32Array(memory.buffer)[44 / 4] = 77 // the capacity
    const filter = (name: string) => [first, second, third].includes(name)
    const found = inspectAll({ processes: false }).filter(({ name }) => filter(name))
    expect(found).toMatchObject([
      { name: first, shape: 'stream', system: { pids: expect.any(Array) } },
      { name: second, shape: 'bytes' },
      { name: third, shape: 'unreadable', code: 'CORRUPT', findings: [{ code: 'UNREADABLE', severity: 'error' }] },
    ])
    expect(inspectAll({ processes: false, filter })).toMatchObject(found.map(({ name, shape }) => ({ name, shape })))
    expect(() => inspect(third)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
  })

  it('refuses unknown options, and names that nobody has', () => {
    expect(() => inspect(uniqueName('none'))).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
    expect(() => inspect('x', { process: true } as never)).toThrow(TypeError)
    expect(() => inspectAll({ process: true } as never)).toThrow(TypeError)
  })

  it(`bears any bytes: it throws typed errors only (seed ${seed})`, async () => {
    const random = randomFrom(seed)
    const Api = api('Pricing', { quote: call(Quote, payload.json()) })
    const names = ['stream', 'latest', 'queue', 'call'].map((shape) => uniqueName(`hostile-${shape}`))
    const [stream, latest, queue, calls] = names as [string, string, string, string]
    using writer = createStream(stream, Quote, { capacity: 65_536 })
    using _consumer = await openStream(stream, Quote)
    using setter = createLatest(latest, payload.json(), { maxMessageLength: 1000 })
    using sender = createQueue(queue, Quote, { capacity: 4 })
    const server = serve(calls, Api, { quote: () => 'x' }, { capacity: 4, maxClients: 2 })
    for (let n = 0; n < 3; n++) {
      writer.trySend(quote)
      setter.set({ n })
      sender.trySend(quote)
    }
    let unharmed = 0
    for (const name of names) {
      using memory = SharedMemory.open(name)
      const words = new Uint32Array(memory.buffer)
      const good = words.slice()
      for (let round = 0; round < 150; round++) {
        words.set(good)
        // Everything that a participant writes; every fourth time also the header and the schema.
        const first = round % 4 === 0 ? 0 : 128 / 4
        const last = round % 2 === 0 ? 8192 / 4 : words.length
        for (let change = 0; change < 40; change++) {
          const index = first + Math.floor(random() * (last - first))
          words[index] = random() < 0.5 ? Math.floor(random() * 2 ** 32) : Math.floor(random() * 300)
        }
        try {
          inspect(name, { processes: false })
          unharmed++
        } catch (error) {
          expect(error).toBeInstanceOf(SharedMemoryError)
        }
      }
      words.set(good)
    }
    expect(unharmed).toBeGreaterThan(300)
    await server.close()
  })
})
