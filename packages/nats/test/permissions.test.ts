import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLatest, openQueue, openStream, serve } from '@memlane/consumer'
import { connect, createLatest, createQueue, createStream } from '@memlane/producer'
import { api, call, f64, struct } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { hasNats, NatsServer } from '@memlane/testing/nats-server'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Bridge, parseConfig } from '../src/index.js'

interface Names {
  /** The stream of JetStream, the durable consumer, the bucket. */
  readonly X?: string
  readonly D?: string
  readonly B?: string
}

/** What the guide says that a user must be allowed to publish. */
function rights(use: string, names: Names = {}): string[] {
  const page = readFileSync(new URL('../../../docs/guides/bridge.md', import.meta.url), 'utf8')
  const [, cell = ''] = new RegExp(`^\\| ${use} \\| (.*?) \\|`, 'm').exec(page) ?? []
  const subjects = [...cell.matchAll(/`([$_][^`]+)`/g)].map(([, subject]) => subject as string)
  expect(subjects.length, use).toBeGreaterThan(0)
  return subjects.map((subject) => {
    return subject.replaceAll(/(?<=[._])[XDB](?=\.|$)/g, (name) => names[name as keyof Names] ?? name)
  })
}

const Tick = struct('Tick', { value: f64 })
const Doubling = api('Doubling', { double: call(Tick, Tick) })

describe.runIf(hasNats)('the rights that the guide names', () => {
  it('are enough for every kind of route', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'memlane-rights-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'password'), 'secret')
    const name = uniqueName('rights')
    const names = { stream: `${name}-s`, queue: `${name}-q`, latest: `${name}-l`, calls: `${name}-c` }
    const schemas = rights('schemas, for every route but calls')
    const users = {
      out: {
        publish: [
          ...schemas,
          ...[names.stream, ...rights('`stream-out`', { X: names.stream })],
          ...[names.queue, ...rights('`queue-out`', { X: names.queue })],
          ...rights('`latest-out`', { B: names.latest }),
          ...rights('`call-out`'),
        ],
        subscribe: ['_INBOX.>', `${names.calls}.*`, '$SRV.>'],
      },
      in: {
        publish: [
          ...schemas,
          ...rights('`stream-in`', { X: names.stream, D: `site2_${names.stream}-far` }),
          ...rights('`queue-in`', { X: names.queue, D: `memlane-${names.queue}` }),
          ...rights('`latest-in`', { B: names.latest }),
          ...[`${names.calls}.*`, ...rights('`call-in`')],
        ],
        subscribe: ['_INBOX.>'],
      },
    }
    const user = (login: keyof typeof users) =>
      `{ user: ${login}, password: secret, permissions: ${JSON.stringify(users[login])} }`
    await using server = await NatsServer.start({
      config: `authorization { users: [ ${user('out')}, ${user('in')} ] }`,
    })
    const log: string[] = []
    const start = (origin: string, login: string, routes: readonly object[]) => {
      const signIn = { servers: [server.url], user: login, passwordFile: join(folder, 'password') }
      const config = parseConfig({ origin, stateFolder: join(folder, origin), server: signIn, routes })
      return new Bridge(config, { log: (text, route) => log.push(`${route}: ${text}`) })
    }
    using ticks = createStream(names.stream, Tick, { withoutConsumers: 'wait' })
    using jobs = createQueue(names.queue, Tick)
    using newest = createLatest(names.latest, Tick)
    await using _served = serve(names.calls, Doubling, { double: ({ value }) => ({ value: value * 2 }) })
    newest.set({ value: 1 })
    const stream = { subject: names.stream, jetstream: names.stream }
    const queue = { subject: names.queue, jetstream: names.queue }
    const latest = { bucket: names.latest, key: 'newest' }
    const calls = { subject: `${names.calls}.{procedure}` }
    await using _site1 = start('site1', 'out', [
      { kind: 'stream-out', name: names.stream, create: {}, ...stream },
      { kind: 'queue-out', name: names.queue, create: {}, ...queue },
      { kind: 'latest-out', name: names.latest, create: {}, ...latest },
      { kind: 'call-out', name: names.calls, ...calls },
    ])
    await using _site2 = start('site2', 'in', [
      { kind: 'stream-in', name: `${names.stream}-far`, ...stream },
      { kind: 'queue-in', name: `${names.queue}-far`, ...queue },
      { kind: 'latest-in', name: `${names.latest}-far`, ...latest },
      { kind: 'call-in', name: `${names.calls}-far`, ...calls },
    ])
    const timeoutMs = 15_000
    await ticks.send({ value: 3 })
    await jobs.send({ value: 4 })
    using farTicks = await openStream(`${names.stream}-far`, Tick, { from: 'oldest', timeoutMs })
    expect(await farTicks.receive({ timeoutMs })).toEqual({ value: 3 })
    using farNewest = await openLatest(`${names.latest}-far`, Tick, { timeoutMs })
    await farNewest.wait({ since: 0, timeoutMs })
    expect(farNewest.get()).toEqual({ value: 1 })
    await using farJobs = await openQueue(`${names.queue}-far`, Tick, { timeoutMs })
    const job = await farJobs.take({ timeoutMs })
    expect(job?.value).toEqual({ value: 4 })
    job?.ack()
    using farCalls = await connect(`${names.calls}-far`, Doubling, { timeoutMs })
    expect(await farCalls.double({ value: 5 }, { timeoutMs })).toEqual({ value: 10 })
    expect(log.filter((line) => line.includes('does not let'))).toEqual([])
  })
})
