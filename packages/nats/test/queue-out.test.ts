import { openQueue } from '@memlane/consumer'
import { inspectDeadLetters } from '@memlane/inspect'
import { createQueue } from '@memlane/producer'
import { payload, struct, u32, utf8 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Clients, Link } from '../src/link/link.js'
import { startBridge } from './start-bridge.js'
import { until } from './until.js'

const Job = struct('Job', { number: u32, task: utf8(16) })
const job = (number: number) => ({ number, task: 'x' })

describe.runIf(hasNats)('a route from a queue', () => {
  let server: NatsServer
  let link: Link
  let clients: Clients
  beforeAll(async () => {
    server = await NatsServer.start({ config: 'max_payload: 4096' })
    link = new Link({ servers: [server.url] }, 'test')
    clients = await link.whenUp(new AbortController().signal)
  })
  afterAll(async () => {
    await link.close()
    await server[Symbol.asyncDispose]()
  })

  const routeFor = (name: string, stream: string) => {
    return { kind: 'queue-out', name, subject: `${stream}.{name}`, jetstream: stream, create: {}, window: 4 }
  }

  it('acknowledges a message when JetStream has it, and publishes it once', async () => {
    const [name, stream] = [uniqueName('jobs'), uniqueName('OUT')]
    using writer = createQueue(name, Job, { capacity: 8 })
    await using bridge = startBridge(server.url, 'a', [routeFor(name, stream)])
    for (let number = 0; number < 100; number++) await writer.send(job(number))
    await writer.flush()
    const { state, config } = await clients.manager.streams.info(stream)
    expect([state.messages, config.retention, config.discard]).toEqual([100, 'workqueue', 'new'])
    const ids = new Set<string>()
    const numbers = new Set<number>()
    for (let seq = 1; seq <= 100; seq++) {
      const message = await clients.manager.streams.getMessage(stream, { seq })
      numbers.add(message?.json<{ number: number }>().number ?? -1)
      ids.add(message?.header.get('Nats-Msg-Id') ?? '')
    }
    expect([ids.size, numbers.size]).toEqual([100, 100])
    const figures = bridge.bridge.routes[0]?.figures
    expect({ ...figures }).toMatchObject({ forwarded: 100, duplicates: 0, retries: 0, inFlight: 0 })
  })

  it('makes dead letters of messages that the server never takes', async () => {
    const [name, stream] = [uniqueName('jobs'), uniqueName('OUT')]
    using writer = createQueue(name, payload.json<string>(), { maxMessageLength: 8192 })
    await using bridge = startBridge(server.url, 'a', [routeFor(name, stream)])
    await writer.send('x'.repeat(5000))
    await writer.send('short')
    await writer.flush()
    expect((await clients.manager.streams.info(stream)).state.messages).toBe(1)
    expect(inspectDeadLetters(name).map(({ reason }) => reason)).toEqual([expect.stringContaining('max_payload')])
    expect(bridge.bridge.routes[0]?.figures.dropped.refused).toBe(1)
  })

  it('refuses a stream that keeps its messages', async () => {
    const [name, stream] = [uniqueName('jobs'), uniqueName('OUT')]
    await clients.manager.streams.add({ name: stream, subjects: [`${stream}.>`] })
    await using bridge = startBridge(server.url, 'a', [routeFor(name, stream)])
    const error = await until(() => bridge.bridge.routes[0]?.figures.error)
    expect(error).toMatch(/has retention "limits"/)
  })

  it('leaves the jobs to local workers while the network is down, and goes on later', async () => {
    const [name, stream] = [uniqueName('jobs'), uniqueName('OUT')]
    using writer = createQueue(name, Job)
    await using bridge = startBridge(server.url, 'a', [routeFor(name, stream)])
    const figures = bridge.bridge.routes[0]?.figures
    await writer.send(job(0))
    await writer.flush()
    await server.kill()
    await until(() => bridge.log.some((line) => line.startsWith('lost the connection')))
    for (let number = 1; number <= 20; number++) await writer.send(job(number))
    const worker = await openQueue(name, Job)
    for (let number = 0; number < 10; number++) (await worker.take())?.ack()
    await worker.close()
    expect(figures?.inFlight).toBe(0)
    await server.restart()
    await writer.flush()
    await link.whenUp(new AbortController().signal)
    expect((await clients.manager.streams.info(stream)).state.messages).toBe(11)
  })
})
