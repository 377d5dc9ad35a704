import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Delivery, openQueue } from '@memlane/consumer'
import { inspectDeadLetters } from '@memlane/inspect'
import { struct, u32, utf8 } from '@memlane/protocol'
import { encodeDescriptor } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { RetentionPolicy } from '@nats-io/jetstream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Clients, Link } from '../src/link/link.js'
import { startBridge } from './start-bridge.js'
import { until } from './until.js'

const Job = struct('Job', { number: u32, task: utf8(16) })

describe.runIf(hasNats)('a route to a queue', () => {
  const folder = mkdtempSync(join(tmpdir(), 'memlane-queue-in-'))
  const schemaFile = join(folder, 'job.json')
  let server: NatsServer
  let link: Link
  let clients: Clients
  beforeAll(async () => {
    writeFileSync(schemaFile, encodeDescriptor(Job.descriptor))
    server = await NatsServer.start()
    link = new Link({ servers: [server.url] }, 'test')
    clients = await link.whenUp(new AbortController().signal)
  })
  afterAll(async () => {
    await link.close()
    await server[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  /** A work queue of its own for each test. */
  async function workQueue() {
    const stream = uniqueName('WORK')
    await clients.manager.streams.add({ name: stream, subjects: [`${stream}.>`], retention: RetentionPolicy.Workqueue })
    return {
      stream,
      route: { kind: 'queue-in', subject: `${stream}.jobs`, jetstream: stream, schemaFile, ackWaitMs: 1000 },
      async send(...values: unknown[]) {
        for (const value of values) await clients.jetstream.publish(`${stream}.jobs`, JSON.stringify(value))
      },
      left: async () => (await clients.manager.streams.info(stream)).state.messages,
    }
  }

  const job = (number: number) => ({ number, task: 'x' })

  it('acknowledges a job when its worker does', async () => {
    const { route, send, left } = await workQueue()
    const name = uniqueName('jobs')
    await send(job(1), job(2), job(3))
    await using bridge = startBridge(server.url, 'a', [{ ...route, name, prefetch: 2 }])
    const worker = await openQueue(name, Job)
    const first = await worker.take()
    expect(first?.value).toEqual(job(1))
    await until(() => worker.stats().ready === 2)
    expect(await left()).toBe(3)
    first?.ack()
    await until(async () => (await left()) === 2)
    for (const number of [2, 3]) {
      const next = await worker.take()
      expect(next?.value.number).toBe(number)
      next?.ack()
    }
    await until(async () => (await left()) === 0)
    const [{ figures }] = bridge.bridge.routes as [(typeof bridge.bridge.routes)[0]]
    await until(() => figures.forwarded === 3)
    expect({ ...figures }).toMatchObject({ duplicates: 0, restarts: 0 })
    await worker.close()
  })

  it('takes nothing while no worker lives, and gives back what waits when the last worker goes', async () => {
    const { route: plain, send, left } = await workQueue()
    const route = { ...plain, ackWaitMs: 600_000 } // only a job that is given back comes again within this test
    const [near, far] = [uniqueName('near'), uniqueName('far')]
    await using _a = startBridge(server.url, 'a', [{ ...route, name: near, prefetch: 2 }])
    await using _b = startBridge(server.url, 'b', [{ ...route, name: far }])
    await send(job(1), job(2))
    const worker = await openQueue(near, Job)
    await until(() => worker.stats().ready === 2)
    await worker.close()
    const other = await openQueue(far, Job)
    const numbers: (number | undefined)[] = []
    for (let count = 0; count < 2; count++) {
      const delivery = await other.take()
      numbers.push(delivery?.value.number)
      delivery?.ack()
    }
    expect(numbers.sort()).toEqual([1, 2])
    await until(async () => (await left()) === 0)
    await other.close()
  })

  it('keeps a long job by signs of life', async () => {
    const { route, send, left } = await workQueue()
    const name = uniqueName('jobs')
    await using bridge = startBridge(server.url, 'a', [{ ...route, name }])
    const worker = await openQueue(name, Job)
    await send(job(1))
    const long = await worker.take()
    expect(await worker.take({ timeoutMs: 2500 })).toBe(undefined)
    long?.ack()
    await until(async () => (await left()) === 0)
    expect(bridge.bridge.routes[0]?.figures.duplicates).toBe(0)
    await worker.close()
  })

  it('refuses what is no job, and keeps dead letters on this side', async () => {
    const { stream, route, send, left } = await workQueue()
    const name = uniqueName('jobs')
    await using bridge = startBridge(server.url, 'a', [{ ...route, name, maxDeliveries: 1 }])
    const worker = await openQueue(name, Job)
    await send({ number: 'one' }, { number: 1 }, [], job(7))
    await clients.jetstream.publish(`${stream}.jobs`, new Uint8Array([0xff, 0xfe]))
    const taken: (Delivery<typeof Job> | undefined)[] = [await worker.take()]
    expect(taken[0]?.value).toEqual(job(7))
    taken[0]?.reject('no such task')
    await until(async () => (await left()) === 0)
    expect(inspectDeadLetters(name).map(({ value, reason }) => [value, reason])).toEqual([[job(7), 'no such task']])
    expect(bridge.bridge.routes[0]?.figures.dropped.refused).toBe(4)
    expect(bridge.log.join('\n')).toMatch(/refused a message.*\n.*a job became a dead letter: no such task/)
    await worker.close()
  })

  it('counts the deliveries to workers of all machines', async () => {
    const { route: plain, send, left } = await workQueue()
    const route = { ...plain, ackWaitMs: 600_000, maxDeliveries: 2 }
    const [near, far] = [uniqueName('near'), uniqueName('far')]
    await using _a = startBridge(server.url, 'a', [{ ...route, name: near }])
    await using b = startBridge(server.url, 'b', [{ ...route, name: far }])
    await send(job(1))
    const worker = await openQueue(near, Job)
    const first = await worker.take()
    first?.retry({ delayMs: 60_000 })
    await worker.close()
    const other = await openQueue(far, Job)
    const second = await other.take()
    expect([second?.value.number, second?.deliveryCount]).toEqual([1, 2])
    second?.retry({ reason: 'not here, either' })
    await until(async () => (await left()) === 0)
    expect(inspectDeadLetters(far)).toMatchObject([{ deliveryCount: 2, reason: 'not here, either' }])
    expect(b.log.join()).toMatch('a job became a dead letter')
    await other.close()
  })

  it('gives back what no worker has begun when it stops, and waits for what runs', async () => {
    const { route: plain, send, left } = await workQueue()
    const route = { ...plain, ackWaitMs: 600_000 } // only a job that is given back comes again within this test
    const name = uniqueName('jobs')
    const bridge = startBridge(server.url, 'a', [{ ...route, name }])
    const worker = await openQueue(name, Job)
    await send(job(1), job(2))
    const running = await worker.take()
    await until(() => worker.stats().ready === 1)
    const stopped = bridge[Symbol.asyncDispose]()
    await until(() => worker.stats().ready === 0)
    running?.ack()
    await stopped
    expect(await left()).toBe(1)
    await using _b = startBridge(server.url, 'b', [{ ...route, name }])
    expect((await worker.take())?.value).toEqual(job(2))
    await worker.close()
  })
})
