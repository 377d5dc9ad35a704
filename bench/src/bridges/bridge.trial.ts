// One trial of the suite `bridge`: starts a server and the processes, and measures them. The first argument is `carry` or `dead`, the
// second one the trial as JSON. Prints a CarryReport or a DeadNetworkReport.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { NatsServer } from '@memlane/testing/nats-server'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import {
  type CarryReport,
  type CarryTrial,
  type DeadNetworkReport,
  type DeadNetworkTrial,
  JETSTREAM,
  LAG_RATE,
  type Role,
  SUBJECT,
} from './bridge-trial.js'
import { processorNsOf, RoleProcess } from './role-process.js'
import { wireOf } from './wire.js'

const [, , kind, json = ''] = process.argv
const stream = `memlane-bench-bridge-${process.pid}`
const folder = mkdtempSync(join(tmpdir(), 'memlane-bench-bridge-'))
const processes: RoleProcess[] = []
const CREATE = { storage: 'file', maxBytes: 2 ** 31 } as const

const server = await NatsServer.start({ config: 'max_payload: 1048576' })
try {
  console.log(JSON.stringify(await (kind === 'carry' ? carry(JSON.parse(json)) : killTheServer(JSON.parse(json)))))
} finally {
  for (const each of processes) each[Symbol.dispose]()
  await server[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
}

function start(role: Role, trial: Pick<CarryTrial, 'payload' | 'encoding'>, route?: object): RoleProcess {
  const name = role === 'consumer' ? `${stream}-in` : stream
  const config = route && {
    ...{ origin: role.replace(' ', '-'), stateFolder: join(folder, role.replace(' ', '-')) },
    ...{ server: { servers: [server.url] }, routes: [route] },
  }
  const started = new RoleProcess({ role, trial, stream: name, url: server.url, ...(config && { config }) })
  processes.push(started)
  return started
}

function outRoute(encoding: string, onOverrun: string): object {
  return {
    ...{
      kind: 'stream-out',
      name: stream,
      subject: 'trial.{lane}',
      jetstream: JETSTREAM,
      create: CREATE,
      encoding,
      onOverrun,
    },
  }
}

async function carry(trial: CarryTrial): Promise<CarryReport> {
  const { peer, encoding, warmUpMs, measuredMs } = trial
  const parts: Record<string, RoleProcess> = {}
  if (peer === 'memlane') {
    parts.producer = start('producer', trial)
    parts['bridge out'] = start('bridge out', trial, outRoute(encoding, 'block'))
    const local = { capacity: 2 ** 22, withoutConsumers: 'wait' }
    const route = { kind: 'stream-in', name: `${stream}-in`, subject: 'trial.>', jetstream: JETSTREAM, ...local }
    parts['bridge in'] = start('bridge in', trial, route)
    parts.consumer = start('consumer', trial)
    await parts.producer.ready()
    // The bridge announces the schema with the first message, and the other one makes the stream of it.
    await parts.producer.ask('rate', 10)
    await parts.consumer.ready()
  } else {
    const connection = await connect({ servers: server.url })
    const manager = await jetstreamManager(connection)
    const limits = { max_bytes: CREATE.maxBytes, duplicate_window: 120e9 }
    await manager.streams.add({ name: JETSTREAM, subjects: [SUBJECT], storage: 'file' as never, ...limits })
    await connection.close()
    parts.consumer = start('subscriber', trial)
    await parts.consumer.ready()
    parts.producer = start('publisher', trial)
    await parts.producer.ready()
  }
  const { producer, consumer } = parts as { producer: RoleProcess; consumer: RoleProcess }
  await producer.ask('rate', LAG_RATE)
  await setTimeout(warmUpMs)
  await consumer.ask('lags')
  await setTimeout(measuredMs)
  const lags = ((await consumer.ask('lags')) as number[]).sort((a, b) => a - b)
  const lagAt = (share: number) => (lags[Math.floor((lags.length - 1) * share)] ?? 0) * 1000

  await producer.ask('rate', 'full')
  await setTimeout(warmUpMs)
  const look = async () => ({
    ...((await consumer.ask('count')) as { count: number; now: number }),
    processor: [...Object.entries(parts).map(([name, part]) => [name, part.processorNs] as const), serverTime()],
  })
  const before = await look()
  await setTimeout(measuredMs)
  const after = await look()
  const messages = after.count - before.count
  const perMessage = after.processor.map(([name, ns], index) => [
    name,
    (ns - (before.processor[index]?.[1] ?? 0)) / messages,
  ])
  return {
    messagesPerSecond: (messages * 1000) / (after.now - before.now),
    lagUs: { p50: lagAt(0.5), p99: lagAt(0.99) },
    processorNs: Object.fromEntries(perMessage),
  }
}

function serverTime(): readonly [string, number] {
  return ['server', processorNsOf(server.pid)]
}

async function killTheServer({ onOverrun, measuredMs }: DeadNetworkTrial): Promise<DeadNetworkReport> {
  const trial = { payload: 32, encoding: 'raw' } as const
  const producer = start('producer', trial)
  const bridge = start('bridge out', trial, outRoute('raw', onOverrun))
  await producer.ready()
  const rateWith = async () => {
    const before = await producer.ask('count')
    await producer.ask('rate', 'full')
    await setTimeout(measuredMs)
    const after = await producer.ask('count')
    await producer.ask('rate', 'none')
    return ((after.count - before.count) * 1000) / (after.now - before.now)
  }
  const alivePerSecond = await rateWith()
  await server.kill()
  await setTimeout(200) // the bridge notices
  const deadPerSecond = await rateWith()
  await server.restart()
  const recovery = performance.now()
  let sent = -1
  // The producer may wait for room.
  for (let count = 0; count !== sent; ) {
    sent = count
    await setTimeout(300)
    count = (await producer.ask('count')).count
  }
  const figures = async () => (await bridge.ask('figures')) as { dropped: Record<string, number>; spilled: number }
  const droppedOf = ({ dropped }: { dropped: Record<string, number> }) => {
    return Object.values(dropped).reduce((sum, each) => sum + each, 0)
  }
  const connection = await connect({ servers: server.url })
  const manager = await jetstreamManager(connection)
  const storedNow = async () => (await manager.streams.info(JETSTREAM)).state.messages
  const deadline = recovery + 90_000
  while ((await storedNow()) + droppedOf(await figures()) < sent && performance.now() < deadline) await setTimeout(50)
  const recoveryMs = performance.now() - recovery
  const stored = await storedNow()
  const consumer = await jetstream(connection).consumers.get(JETSTREAM)
  const { decode } = wireOf(trial.payload, trial.encoding)
  let [seen, highest, disordered] = [0, -1, 0]
  for await (const message of await consumer.consume({ max_messages: 10_000 })) {
    const { n } = decode(message.data)
    if (n <= highest) disordered++
    highest = Math.max(highest, n)
    if (++seen >= stored) break
  }
  await connection.close()
  const { spilled, ...rest } = await figures()
  return {
    ...{ alivePerSecond, deadPerSecond, sent, stored, dropped: droppedOf(rest), spilled, disordered, recoveryMs },
  }
}
