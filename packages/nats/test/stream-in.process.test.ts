import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openStream, type StreamReader } from '@memlane/consumer'
import { createStream, joinStream } from '@memlane/producer'
import { struct, u32 } from '@memlane/protocol'
import { type Child, spawnFixture } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type TestStream, testStream } from './jetstream-for-test.js'
import { startBridge } from './start-bridge.js'
import { until } from './until.js'

const Numbered = struct('Numbered', { number: u32 })
const FIXTURE = new URL('../fixtures/bridge.child.ts', import.meta.url)

describe.runIf(hasNats)('a route stream-in that is killed', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  it('brings each message once and in order over a kill at each step', async () => {
    const { name, publish } = await testStream(server.url, {}, 300)
    using _local = createStream(name, Numbered, { maxProducers: 8 })
    using reader = await openStream(name, Numbered)
    const received = collected(reader)
    const bridge = bridgeOf(server, name)
    const sender = sending(publish)
    // A new route begins (1), notes its intent (2), and the result (3). Later, write 1 settles an interrupted batch, if there is one.
    for (const kill of ['2 half', '1 after', '3 before', '3 half', '1 half', '3 after']) {
      await sender.send(20)
      const { signal } = await bridge(kill).exit
      expect(signal).toBe('SIGKILL')
    }
    await sender.send(20)
    const last = bridge()
    await until(() => received.length >= sender.count)
    last.kill()
    expect((await last.exit).stdout).toContain('"restarts":0')
    expect(received).toEqual(upTo(sender.count))
  })

  it('tells its messages from those of a producer that took its lane', async () => {
    const { name, publish } = await testStream(server.url, {}, 300)
    using _local = createStream(name, Numbered)
    using reader = await openStream(name, Numbered)
    const received = collected(reader)
    const bridge = bridgeOf(server, name)
    const sender = sending(publish)
    // after the intent; then twice between the batch and its result
    for (const kill of ['2 after', '3 before', '3 before']) {
      await sender.send(20)
      expect((await bridge(kill).exit).signal).toBe('SIGKILL')
      using intruder = await joinStream(name, Numbered)
      expect(intruder.lane).toBe(1)
      intruder.trySend({ number: 1000 })
      await until(() => received.at(-1) === 1000)
    }
    const last = bridge()
    await sender.send(20)
    await until(() => received.includes(sender.count - 1))
    last.kill()
    await last.exit
    expect(received.filter((number) => number < 1000)).toEqual(upTo(sender.count))
  })

  it('sends a batch again that went into memory which is gone', async () => {
    const { name, publish } = await testStream(server.url, {}, 300)
    const bridge = bridgeOf(server, name)
    const sender = sending(publish)
    {
      using _local = createStream(name, Numbered)
      await sender.send(20)
      expect((await bridge('3 before').exit).signal).toBe('SIGKILL')
    }
    using _local = createStream(name, Numbered)
    using reader = await openStream(name, Numbered)
    const received = collected(reader)
    bridge()
    await until(() => received.length === 20)
    expect(received).toEqual(upTo(20))
  })

  it('loses and repeats nothing over kills and stops of bridge and server at random', async () => {
    const { name, publish } = await testStream(server.url, {}, 300)
    using _local = createStream(name, Numbered, { capacity: 65_536, withoutConsumers: 'wait' })
    using reader = await openStream(name, Numbered)
    const received = collected(reader)
    const bridge = bridgeOf(server, name)
    const sender = sending(publish)
    const flow = sender.flow()
    let child = bridge()
    for (let round = 0; round < 3; round++) {
      await child.line('started')
      const before = received.length
      await until(() => received.length > before + 20)
      await setTimeout(Math.random() * 100)
      if (round % 3 === 2) {
        await server.kill()
        await server.restart()
      }
      child.kill(round % 3 === 1 ? 'SIGSTOP' : 'SIGKILL')
      if (round % 3 === 1) {
        await setTimeout(200)
        child.kill('SIGCONT')
        await setTimeout(100)
        child.kill('SIGKILL')
      }
      expect((await child.exit).signal).toBe('SIGKILL')
      child = bridge()
    }
    await flow.stop()
    await until(() => received.length >= sender.count)
    child.kill()
    expect((await child.exit).code).toBe(0)
    expect(received).toEqual(upTo(sender.count))
  })

  it('goes on by itself after the server was killed', async () => {
    const { name, publish } = await testStream(server.url, {}, 300)
    using _local = createStream(name, Numbered)
    using reader = await openStream(name, Numbered)
    const received = collected(reader)
    await using bridge = startBridge(server.url, 'here', [routeTo(name)])
    const sender = sending(publish)
    const flow = sender.flow()
    for (let round = 0; round < 3; round++) {
      const before = received.length
      await until(() => received.length > before + 20)
      await server.kill()
      await server.restart()
    }
    await flow.stop()
    await until(() => received.length >= sender.count)
    expect(received).toEqual(upTo(sender.count))
    expect(bridge.bridge.routes[0]?.figures).toMatchObject({ dropped: { missed: 0, refused: 0 }, error: undefined })
  })
})

function routeTo(name: string) {
  return { kind: 'stream-in', name, jetstream: name, subject: `${name}.>` }
}

/** Makes a function that starts a bridge in a process of its own, always with the same state. */
function bridgeOf({ url }: NatsServer, name: string): (kill?: string) => Child {
  const stateFolder = mkdtempSync(join(tmpdir(), 'memlane-bridge-'))
  const children: Child[] = []
  onTestFinished(() => {
    for (const child of children) child[Symbol.dispose]()
    rmSync(stateFolder, { recursive: true, force: true })
  })
  const configuration = { origin: 'here', stateFolder, server: { servers: [url] }, routes: [routeTo(name)] }
  return (kill) => {
    const child = spawnFixture(FIXTURE, [JSON.stringify(configuration), ...(kill === undefined ? [] : [kill])])
    children.push(child)
    return child
  }
}

/** Publishes numbers from 0 on, each until JetStream has it. */
function sending(publish: TestStream['publish']) {
  let count = 0
  const send = async () => {
    const number = count
    for (;;) {
      try {
        await publish(JSON.stringify({ number }), { 'Nats-Msg-Id': String(number) })
        break
      } catch {
        await setTimeout(20)
      }
    }
    count++
  }
  return {
    get count() {
      return count
    },
    async send(more: number) {
      for (let index = 0; index < more; index++) await send()
    },
    flow() {
      let isOver = false
      const run = async () => {
        while (!isOver) await send()
      }
      const running = run()
      return {
        async stop() {
          isOver = true
          await running
        },
      }
    },
  }
}

function collected(reader: StreamReader<typeof Numbered>): number[] {
  const received: number[] = []
  const read = async () => {
    for await (const { number } of reader) received.push(number)
  }
  read().catch(() => {}) // the test has closed the reader
  return received
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number)
}
