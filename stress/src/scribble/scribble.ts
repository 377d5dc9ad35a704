import { fileURLToPath } from 'node:url'
import { openLatest, serve } from '@memlane/consumer'
import { connect, createLatest, createQueue, createStream } from '@memlane/producer'
import { spawnChild, uniqueName } from '@memlane/testing'
import { leftovers } from '@memlane/testing/leftovers'
import { randomFrom } from '@memlane/testing/random'
import { Events } from './call-lives.js'
import { Keys, Schema, type ScribbledShape, type ScribbleResult, type Task } from './task.js'

const programOf = (name: string) => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url))
const HUNG_MS = 30_000

export interface ScribbleReport {
  shape: ScribbledShape
  seed: number
  seconds: number
  sent: number
  received: number
  scribbles: number
  /** Errors of producers and consumers, by code. */
  errors: Record<string, number>
  /** How long the slowest call took. */
  slowestMs: number
  /** Processes that did not end in order, with their output, and files that were left. */
  failures: string[]
}

/** Creates memory of a kind, and keeps it. */
type Create = (name: string) => Disposable | Promise<Disposable>

const STREAM = { capacity: 65_536, maxProducers: 3, maxConsumers: 2 }
const QUEUE = { capacity: 16, maxMessageLength: 512, maxProducers: 3, maxConsumers: 3, maxDeliveries: 3 }
const CALL = { capacity: 16, maxRequestLength: 512, maxAnswerLength: 1024, maxClients: 3, maxServers: 3 }

/** The kinds of memory of each shape. */
const kinds: Record<ScribbledShape, Record<string, Create>> = {
  stream: {
    waiting: (name) => createStream(name, Schema, { ...STREAM, overflow: 'wait' }),
    overwriting: (name) => createStream(name, Schema, { ...STREAM, overflow: 'overwrite' }),
  },
  latest: {
    board: async (name) => {
      using _writer = createLatest(name, Keys, { maxMessageLength: 512, maxReaders: 3 })
      return await openLatest(name, Keys)
    },
  },
  queue: {
    plain: (name) => createQueue(name, Schema, QUEUE),
    'with a limited time': (name) => createQueue(name, Schema, { ...QUEUE, maxProcessingMs: 20 }),
  },
  call: {
    plain: async (name) => {
      using _server = serve(name, Events, { echo: (x) => x, again: (x) => x, pair: (x) => x, *parts() {} }, CALL)
      return await connect(name, Events)
    },
  },
}

/** Lets a peer write random bytes over the memory of a producer and a consumer. Each kind of the shape gets an equal time. */
export async function scribbleOver(seconds: number, seed: number, shape: ScribbledShape): Promise<ScribbleReport> {
  const random = randomFrom(seed)
  const counts = { sent: 0, received: 0, scribbles: 0, errors: {}, slowestMs: 0, failures: [] }
  const report: ScribbleReport = { shape, seed, seconds, ...counts }
  const all = Object.entries(kinds[shape])
  for (const [kind, create] of all) {
    const name = uniqueName('memlane-scribble')
    const keeper = await create(name)
    const start = async (program: string, ...args: string[]): Promise<number> => {
      const milliseconds = (seconds * 1000) / all.length
      const task: Task = { shape, name, seed: Math.floor(random() * 2 ** 31), milliseconds }
      const what = [program, ...args, kind, shape].join(' ')
      try {
        const command = [programOf(program), ...args, JSON.stringify(task)]
        using child = spawnChild(process.execPath, command, { timeoutMs: milliseconds + HUNG_MS })
        const { code, signal, stdout, stderr } = await child.exit
        if (code !== 0) throw new Error(`ended (${signal ?? code}): ${stderr}`)
        const { done, errors, slowestMs }: ScribbleResult = JSON.parse(stdout)
        for (const [name, count] of Object.entries(errors)) report.errors[name] = (report.errors[name] ?? 0) + count
        report.slowestMs = Math.max(report.slowestMs, slowestMs)
        return done
      } catch (error) {
        report.failures.push(`${what}: ${(error as Error).message}`)
        return 0
      }
    }
    const [sent, received, scribbles] = await Promise.all([
      start('scribble-participant', 'producer'),
      start('scribble-participant', 'consumer'),
      start('scribbler'),
    ])
    report.sent += sent
    report.received += received
    report.scribbles += scribbles
    keeper[Symbol.dispose]()
    const left = leftovers(name)
    if (left.length > 0) report.failures.push(`left over: ${left.join(' ')}`)
  }
  return report
}
