import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { openQueue } from '@memlane/consumer'
import { createQueue } from '@memlane/producer'
import { struct, u32 } from '@memlane/protocol'
import { encodeDescriptor } from '@memlane/protocol/internal'
import { type Child, spawnFixture, uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { RetentionPolicy } from '@nats-io/jetstream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Link } from '../src/link/link.js'
import { until } from './until.js'

const Job = struct('Job', { number: u32 })

interface Line {
  readonly number: number
  readonly pid: number
  readonly time: number
  readonly what: 'begun' | 'done'
}

const STEPS = [
  ...['before local ack', 'after local ack', 'before put', 'after put', 'after commit', 'after publication'],
  ...['before ack', 'after ack'],
]

describe.runIf(hasNats)('jobs that cross JetStream while processes are killed', () => {
  let server: NatsServer
  const folder = mkdtempSync(join(tmpdir(), 'memlane-queue-kills-'))
  beforeAll(async () => {
    server = await NatsServer.start()
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  const bridgeOf = (origin: string, routes: readonly object[], ...step: string[]): Child => {
    const config = { origin, stateFolder: join(folder, origin), server: { servers: [server.url] }, routes }
    const child = spawnFixture(new URL('../fixtures/queue-bridge.child.ts', import.meta.url), [
      JSON.stringify(config),
      ...step,
    ])
    child.exit.catch(() => {})
    return child
  }

  it('are done exactly once if only the bridge dies, at whatever step', async () => {
    const [from, to, stream] = [uniqueName('from'), uniqueName('to'), uniqueName('WORK')]
    const travel = { subject: `${stream}.jobs`, jetstream: stream }
    const routes = [
      { kind: 'queue-out', name: from, ...travel, create: {} },
      { kind: 'queue-in', name: to, ...travel, ackWaitMs: 1000, prefetch: 2 },
    ]
    using writer = createQueue(from, Job)
    const begun: number[] = []
    let worker: Awaited<ReturnType<typeof openQueue<typeof Job>>> | undefined
    const working = openQueue(to, Job).then((reader) => {
      worker = reader
      return reader.process(({ value }) => begun.push(value.number))
    })
    let sent = 0
    const sendSome = async () => {
      for (let count = 0; count < 20; count++) await writer.send({ number: sent++ })
    }
    let next = bridgeOf('steps', routes, STEPS[0] as string, '3')
    for (const [index] of STEPS.entries()) {
      using bridge = next
      bridge.write('start\n')
      const step = STEPS[index + 1]
      next = bridgeOf('steps', routes, ...(step === undefined ? [] : [step, '3'])) // so that it is ready by then
      await sendSome()
      expect(await bridge.exit).toMatchObject({ signal: 'SIGKILL' })
    }
    const last = next
    last.write('start\n')
    await until(() => begun.length >= sent)
    await writer.flush()
    last.kill('SIGTERM')
    await last.exit
    expect(begun.sort((a, b) => a - b)).toEqual(Array.from({ length: sent }, (_, number) => number))
    await worker?.close()
    await working
  })

  it('are done on either machine, and twice only if a death is the reason', async () => {
    const stream = uniqueName('WORK')
    const schemaFile = join(folder, 'job.json')
    const file = join(folder, 'done.jsonl')
    writeFileSync(schemaFile, encodeDescriptor(Job.descriptor))
    const link = new Link({ servers: [server.url] }, 'test')
    const { manager, jetstream } = await link.whenUp(new AbortController().signal)
    await manager.streams.add({ name: stream, subjects: [`${stream}.>`], retention: RetentionPolicy.Workqueue })
    const COUNT = 200
    for (let number = 0; number < COUNT; number++) {
      await jetstream.publish(`${stream}.jobs`, JSON.stringify({ number }))
    }

    /** When a process was killed; `undefined` is the server. */
    const deaths: { readonly pid: number | undefined; readonly time: number }[] = []
    const kill = async (child: Child) => {
      deaths.push({ pid: child.pid, time: Date.now() })
      child.kill('SIGKILL')
      await child.exit
    }
    const machines = ['near', 'far'].map((origin) => {
      const name = uniqueName(origin)
      const route = {
        kind: 'queue-in',
        name,
        subject: `${stream}.jobs`,
        jetstream: stream,
        schemaFile,
        ackWaitMs: 3000,
      }
      const bridge = () => {
        const child = bridgeOf(origin, [{ ...route, prefetch: 2 }])
        child.write('start\n')
        return child
      }
      const worker = () => {
        const child = spawnFixture(new URL('../fixtures/queue-worker.child.ts', import.meta.url), [name, file, '20'])
        child.exit.catch(() => {})
        return child
      }
      return { bridge: bridge(), workers: [worker(), worker()], startBridge: bridge, startWorker: worker }
    })
    const [near, far] = machines as [(typeof machines)[0], (typeof machines)[0]]
    const linesNow = () => {
      const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line): Line => JSON.parse(line))
    }
    const isDone = (count: number) =>
      new Set(linesNow().flatMap(({ number, what }) => (what === 'done' ? [number] : []))).size >= count

    await until(() => isDone(20))
    await kill(near.workers[0] as Child) // its job goes to the other worker of this machine
    await kill(far.bridge)
    near.workers[0] = near.startWorker()
    far.bridge = far.startBridge()
    await until(() => isDone(50))
    await Promise.all(near.workers.map(kill)) // its jobs go to the other machine
    deaths.push({ pid: undefined, time: Date.now() })
    await server.kill()
    await setTimeout(50)
    await server.restart()
    await kill(near.bridge)
    near.workers = [near.startWorker()]
    near.bridge = near.startBridge()
    await until(() => isDone(100))
    await Promise.all([kill(far.bridge), ...far.workers.map(kill)]) // the machine is gone
    await until(() => isDone(COUNT))
    // A server that was killed may forget that it has removed a message. Its consumer remembers that the job is done.
    await until(async () => {
      const [consumer] = await manager.consumers.list(stream).next()
      return consumer?.num_pending === 0 && consumer.num_ack_pending === 0
    })

    const begun = linesNow().filter(({ what }) => what === 'begun')
    const unexplained = begun.flatMap((line, index) => {
      const before = begun.slice(0, index).findLast(({ number }) => number === line.number)
      if (before === undefined) return []
      const isReason = deaths.some(({ pid, time }) => {
        return (pid === undefined || pid === before.pid) && time >= before.time && time <= line.time
      })
      return isReason ? [] : [{ before, line }]
    })
    expect(unexplained).toEqual([])
    for (const { bridge, workers } of machines) await Promise.all([bridge, ...workers].map(kill))
    await link.close()
  })
})
