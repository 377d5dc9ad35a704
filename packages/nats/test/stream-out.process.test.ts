import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createStream } from '@memlane/producer'
import { struct, u32 } from '@memlane/protocol'
import { spawnFixture, uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { randomFrom } from '@memlane/testing/random'
import { seed } from '@memlane/testing/seed'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startBridge } from './start-bridge.js'
import { sequencesIn, storedMessages, upTo } from './stored-messages.js'
import { until } from './until.js'

const Tick = struct('Tick', { id: u32, value: u32 })
const fixture = new URL('../fixtures/stream-out.child.ts', import.meta.url)

/** A step at which the bridge kills itself, and what the route is told. */
const cases = [
  ['publish:after:900', {}],
  ['checkpoint:before:1', {}],
  ['checkpoint:before:4', {}],
  ['release:before:9', {}],
  ['spill:before:2', { onOverrun: 'spill', window: 4 }],
  ['spill:after:3', { onOverrun: 'spill', window: 4 }],
  ['settle:before:9', { onOverrun: 'spill', window: 4 }],
] as const

describe.runIf(hasNats)('a route from a stream to JetStream', () => {
  let server: NatsServer
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  /** A stream, a producer that sends all the time, and a route. */
  function startProducer(options: object) {
    const name = uniqueName('kills')
    const folder = mkdtempSync(join(tmpdir(), 'memlane-bridge-'))
    const writer = createStream(name, Tick, { capacity: 65_536, withoutConsumers: 'wait' })
    onTestFinished(() => {
      writer.close()
      rmSync(folder, { recursive: true, force: true })
    })
    const common = { kind: 'stream-out', name, subject: name, jetstream: name, onOverrun: 'block', create: {} }
    const route = { ...common, ...options }
    let isStopping = false
    let count = 0
    const sending = (async () => {
      while (!isStopping) {
        await writer.send({ id: count++, value: 0 })
        if (count % 50 === 0) await setTimeout(1)
      }
    })()
    return {
      name,
      spawn: (...kill: string[]) => spawnFixture(fixture, [server.url, folder, JSON.stringify([route]), ...kill]),
      /** Lets a bridge in this process carry the rest. @returns its figures, and what JetStream has */
      async finish() {
        await using last = startBridge(server.url, 'here', [route], folder)
        await setTimeout(50)
        isStopping = true
        await sending
        await writer.flush()
        const { figures } = (await until(() => last.bridge.routes[0])) ?? {}
        await until(() => figures?.lag === 0)
        return { count, figures, log: last.log, sequences: sequencesIn(await storedMessages(server.url, name)) }
      },
    }
  }

  it('continues after a kill at each step: nothing is lost, doubled or out of order', async () => {
    for (const some of [cases.slice(0, 4), cases.slice(4)]) {
      await Promise.all(
        some.map(async ([step, options]) => {
          const producer = startProducer(options)
          using child = producer.spawn(step)
          expect((await child.exit).signal, step).toBe('SIGKILL')
          const { count, sequences, figures } = await producer.finish()
          expect(sequences, step).toEqual(upTo(count))
          expect(figures?.dropped.missed, step).toBe(0)
        }),
      )
    }
  })

  it('continues after kills at random moments', async () => {
    const random = randomFrom(seed)
    const producer = startProducer({ window: 128 })
    for (let kill = 0; kill < 3; kill++) {
      using child = producer.spawn()
      await child.line('carries')
      await setTimeout(random() * 200)
      child.kill('SIGKILL')
      await child.exit
    }
    const { count, sequences } = await producer.finish()
    expect(sequences).toEqual(upTo(count))
  })

  it('compares with JetStream if the bridge was away for longer than JetStream remembers ids', async () => {
    const producer = startProducer({ create: { duplicateWindowMs: 100 } })
    {
      using child = producer.spawn('checkpoint:before:3')
      expect((await child.exit).signal).toBe('SIGKILL')
    }
    await setTimeout(400)
    const { count, sequences, log } = await producer.finish()
    expect(log.some((line) => /JetStream has \d+ messages that this bridge published before/.test(line))).toBe(true)
    expect(sequences).toEqual(upTo(count))
  })

  it('ends cleanly at SIGTERM: what is in flight is settled, and nothing is published again', async () => {
    const producer = startProducer({})
    using child = producer.spawn()
    await child.line('carries')
    await setTimeout(50)
    child.kill('SIGTERM')
    expect(await child.exit).toMatchObject({ code: 0, signal: null })
    const { count, sequences, figures } = await producer.finish()
    expect(figures).toMatchObject({ duplicates: 0, retries: 0 })
    expect(sequences).toEqual(upTo(count))
  })

  it('does not send back what it brought in before a kill', async () => {
    const name = uniqueName('loop')
    const folder = mkdtempSync(join(tmpdir(), 'memlane-bridge-'))
    const routes = [
      { kind: 'stream-out', name, subject: `${name}.out`, jetstream: `${name}-out`, onOverrun: 'block', create: {} },
      { kind: 'stream-in', name, subject: `${name}.in`, jetstream: `${name}-in` },
    ]
    using writer = createStream(name, Tick, { capacity: 65_536, withoutConsumers: 'wait' })
    using source = createStream(`${name}-far`, Tick, { capacity: 65_536, withoutConsumers: 'wait' })
    const far = { kind: 'stream-out', name: `${name}-far`, subject: `${name}.in`, jetstream: `${name}-in`, create: {} }
    await using _far = startBridge(server.url, 'far', [{ ...far, onOverrun: 'block' }])
    for (let id = 0; id < 500; id++) await source.send({ id, value: 0 })
    await source.flush()
    {
      using child = spawnFixture(fixture, [server.url, folder, JSON.stringify(routes), 'checkpoint:before:3'])
      expect((await child.exit).signal).toBe('SIGKILL')
    }
    await using near = startBridge(server.url, 'here', routes, folder)
    await writer.send({ id: 0, value: 1 })
    const out = () => near.bridge.routes.find(({ kind }) => kind === 'stream-out')?.figures
    await until(() => (out()?.dropped.loop ?? 0) > 0 && (out()?.forwarded ?? 0) > 0)
    await writer.flush()
    expect((await storedMessages(server.url, `${name}-out`)).length).toBe(1)
  })
})
