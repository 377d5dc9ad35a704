/** The queues that are compared with memlane's: each a producer in one process, and consumers that share its messages. */

import type { ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { MessagePort, Worker } from 'node:worker_threads'
import { clock, isRunning, QueueTally, type QueueTrial } from './queue-trial.js'

/** How many messages a producer without back pressure may be ahead of its consumers. */
const AHEAD = 1000
const FIRST_BYTES = 8

/** As a plain object, which all of them can send but zeromq. */
interface Message {
  readonly sentAt: number
  readonly body: string
}

/** Sends one message. Resolves when more may be sent. */
type Send = (message: Message) => Promise<void> | void

async function sendWhileRunning(trial: QueueTrial, send: Send): Promise<void> {
  const body = 'x'.repeat(trial.payload - FIRST_BYTES)
  for (let count = 0; (trial.pauseMs === 0 && (count & 63) !== 0) || isRunning(trial); count++) {
    if (trial.pauseMs > 0) await setTimeout(trial.pauseMs)
    const sent = send({ sentAt: trial.pauseMs > 0 ? clock() : 0, body })
    if (sent !== undefined) await sent
  }
}

async function untilOver(tally: QueueTally): Promise<QueueTally> {
  while (!tally.isOver) {
    await setTimeout(5)
    tally.look()
  }
  return tally
}

const address = ({ name }: QueueTrial) => `ipc://${join(tmpdir(), `${name}.zmq`)}`

export const zeromqQueue = {
  async produce(trial: QueueTrial): Promise<void> {
    const { Push } = await import('zeromq')
    const socket = new Push({ linger: 0 })
    await socket.bind(address(trial))
    await sendWhileRunning(trial, ({ sentAt, body }) => {
      const bytes = Buffer.allocUnsafe(trial.payload)
      bytes.writeDoubleLE(sentAt)
      bytes.write(body, FIRST_BYTES, 'latin1')
      return socket.send(bytes)
    })
    socket.close()
  },
  async consume(trial: QueueTrial): Promise<QueueTally> {
    const { Pull } = await import('zeromq')
    const tally = new QueueTally(trial)
    const socket = new Pull()
    socket.connect(address(trial))
    const receive = async () => {
      for await (const [bytes] of socket) tally.add((bytes as Buffer).readDoubleLE())
    }
    void receive().catch(() => {})
    await untilOver(tally)
    socket.close()
    return tally
  },
}

interface Channel {
  send(message: object): void
}

/** Hands messages to the consumers in turn, and keeps at most AHEAD on the way to each. */
export async function produceRoundRobin(
  trial: QueueTrial,
  channels: readonly Channel[],
  acknowledged: () => number,
): Promise<void> {
  let sent = 0
  const untilNear = async () => {
    while (sent - acknowledged() > AHEAD * channels.length && isRunning(trial)) await setImmediate()
  }
  await sendWhileRunning(trial, (message) => {
    channels[sent % channels.length]?.send(message)
    sent++
    return sent - acknowledged() > AHEAD * channels.length ? untilNear() : undefined
  })
}

/** How many messages a consumer receives before it tells its producer. */
const ACKNOWLEDGE_EVERY = 100

export function receiveFrom(
  trial: QueueTrial,
  port: Pick<ChildProcess | MessagePort | Worker, 'on'>,
  reply: (count: number) => void,
) {
  const tally = new QueueTally(trial)
  let count = 0
  port.on('message', ({ sentAt }: Message) => {
    tally.add(sentAt)
    if (++count % ACKNOWLEDGE_EVERY === 0) reply(ACKNOWLEDGE_EVERY)
  })
  return untilOver(tally)
}

/** The parts of BullMQ that the trial uses. It is no dependency of memlane: see bullmq.ts. */
interface BullMq {
  Queue: new (
    name: string,
    options: object,
  ) => {
    add(name: string, data: object, options: object): Promise<unknown>
    close(): Promise<void>
  }
  Worker: new (
    name: string,
    process: (job: { data: { sentAt: number } }) => Promise<void>,
    options: object,
  ) => {
    close(force?: boolean): Promise<void>
  }
}

function bullMq(): BullMq & { connection: object } {
  const { MEMLANE_BENCH_BULLMQ = '', MEMLANE_BENCH_REDIS_PORT = '' } = process.env
  const load = createRequire(join(MEMLANE_BENCH_BULLMQ, 'index.js'))
  const connection = { host: '127.0.0.1', port: Number(MEMLANE_BENCH_REDIS_PORT), maxRetriesPerRequest: null }
  return { ...(load('bullmq') as BullMq), connection }
}

export const bullMqQueue = {
  async produce(trial: QueueTrial): Promise<void> {
    const { Queue, connection } = bullMq()
    const queue = new Queue(trial.name, { connection })
    const options = { removeOnComplete: true }
    const waiting = new Set<Promise<unknown>>()
    await sendWhileRunning(trial, (message) => {
      const adding = queue.add('job', message, options)
      waiting.add(adding)
      void adding.finally(() => waiting.delete(adding))
      return waiting.size < 50 ? undefined : Promise.race(waiting).then(() => undefined)
    })
    await queue.close()
  },
  async consume(trial: QueueTrial): Promise<QueueTally> {
    const { Worker, connection } = bullMq()
    const tally = new QueueTally(trial)
    const worker = new Worker(trial.name, async ({ data }) => tally.add(data.sentAt), {
      connection,
      concurrency: trial.pauseMs > 0 ? 1 : 50,
    })
    await untilOver(tally)
    await worker.close(true)
    return tally
  },
}
