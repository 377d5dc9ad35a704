import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStream } from '@memlane/producer'
import { struct, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startBridge, type TestBridge } from './start-bridge.js'
import { sequencesIn, storedMessages, upTo } from './stored-messages.js'
import { until } from './until.js'

const Tick = struct('Tick', { id: u32, value: u32 })
const waiting = { capacity: 65_536, withoutConsumers: 'wait' } as const

const figuresOf = ({ bridge }: TestBridge) => bridge.routes[0]?.figures

describe.runIf(hasNats)('a route whose server is down', () => {
  let server: NatsServer
  let name: string
  let folder: string
  let route: object
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(() => server[Symbol.asyncDispose]())
  beforeEach(async () => {
    await server.kill()
    name = uniqueName('overrun')
    folder = mkdtempSync(join(tmpdir(), 'memlane-bridge-'))
    route = { kind: 'stream-out', name, subject: name, jetstream: name, create: {}, window: 256 }
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** Sends messages with the numbers from `first` on. */
  async function send(writer: ReturnType<typeof createStream<typeof Tick>>, first: number, count: number) {
    for (let id = first; id < first + count; id++) await writer.send({ id, value: 0 })
  }

  it('spills what does not fit into the lane, and sends it in order when the server comes', async () => {
    using writer = createStream(name, Tick, waiting)
    const spill = { ...route, onOverrun: 'spill' }
    await using bridge = startBridge(server.url, 'here', [spill], folder)
    await writer.consumersReady(1)
    await send(writer, 0, 20_000)
    const { spilled = 0, spillBytes = 0, dropped } = figuresOf(bridge) ?? {}
    expect(spilled).toBeGreaterThan(10_000)
    expect(spillBytes).toBeGreaterThan(10_000 * 33)
    expect(dropped?.overrun).toBe(0)
    expect(figuresOf(bridge)?.lag).toBe(20_000)
    await server.restart()
    await send(writer, 20_000, 5000)
    await until(() => figuresOf(bridge)?.forwarded === 25_000)
    expect(sequencesIn(await storedMessages(server.url, name))).toEqual(upTo(25_000))
    expect(figuresOf(bridge)).toMatchObject({ spillBytes: 0, lag: 0, error: undefined })
  })

  it('keeps what is spilled over its own end and the end of the memory', async () => {
    const spill = { ...route, onOverrun: 'spill' }
    {
      using writer = createStream(name, Tick, waiting)
      const first = startBridge(server.url, 'here', [spill], folder)
      await writer.consumersReady(1)
      await send(writer, 0, 5000)
      await first.bridge.stop()
    }
    await server.restart()
    await using second = startBridge(server.url, 'here', [spill], folder)
    await until(() => figuresOf(second)?.forwarded === 5000)
    expect(sequencesIn(await storedMessages(server.url, name))).toEqual(upTo(5000))
  })

  it('drops the oldest messages, and counts them', async () => {
    using writer = createStream(name, Tick, waiting)
    await using bridge = startBridge(server.url, 'here', [{ ...route, onOverrun: 'drop' }], folder)
    await writer.consumersReady(1)
    await send(writer, 0, 20_000)
    await server.restart()
    await until(() => (figuresOf(bridge)?.forwarded ?? 0) > 0 && figuresOf(bridge)?.lag === 0)
    const sequences = sequencesIn(await storedMessages(server.url, name))
    const { forwarded = 0, dropped } = figuresOf(bridge) ?? {}
    expect(sequences.length).toBe(forwarded)
    expect(forwarded + (dropped?.overrun ?? 0)).toBe(20_000)
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
    expect(sequences.at(-1)).toBe(19_999)
  })

  it('blocks producers if it is told to, and loses nothing', async () => {
    using writer = createStream(name, Tick, waiting)
    await using bridge = startBridge(server.url, 'here', [{ ...route, onOverrun: 'block' }], folder)
    await writer.consumersReady(1)
    let sent = 0
    while (writer.trySend({ id: sent, value: 0 })) sent++
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(writer.trySend({ id: sent, value: 0 })).toBe(false)
    expect(figuresOf(bridge)?.lag).toBe(sent)
    await server.restart()
    await writer.flush()
    expect(sequencesIn(await storedMessages(server.url, name))).toEqual(upTo(sent))
  })

  it('drops what does not fit into the spill file', async () => {
    using writer = createStream(name, Tick, waiting)
    const spill = { ...route, onOverrun: 'spill', maxSpillBytes: 65_536 * 4 }
    await using bridge = startBridge(server.url, 'here', [spill], folder)
    await writer.consumersReady(1)
    await send(writer, 0, 20_000)
    const { dropped, spillBytes } = figuresOf(bridge) ?? {}
    expect(spillBytes).toBeLessThanOrEqual(65_536 * 4)
    expect(dropped?.['spill-full']).toBeGreaterThan(5000)
    await server.restart()
    await until(() => figuresOf(bridge)?.lag === 0)
    const sequences = sequencesIn(await storedMessages(server.url, name))
    expect(sequences.length + (dropped?.['spill-full'] ?? 0)).toBe(20_000)
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))
  })
})
