// One trial of the suite `queue`: this program is the coordinator, a producer, or a consumer, as its first argument says. The second is the
// QueueTrial as JSON. The coordinator prints a QueueReport.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { consumeFromMemlane, produceForMemlane } from './memlane-queue.js'
import { bullMqQueue, produceRoundRobin, receiveFrom, zeromqQueue } from './outside-queues.js'
import type { ConsumerReport, QueueReport, QueueTally, QueueTrial } from './queue-trial.js'

type Part = Worker | ChildProcess

const BATCH = 64
const START_MS = 300
const file = fileURLToPath(import.meta.url)
/** A worker of Node 20 cannot start with a TypeScript file. */
const WORKER_SOURCE = `
  const [, , url, tsx] = require('node:worker_threads').workerData
  import(tsx).then(({ register }) => register()).then(() => import(url))`
const isWorker = parentPort !== null
const [role, json] = isWorker ? (workerData as [string, string]) : (process.argv.slice(2) as [string, string])
const given: QueueTrial = JSON.parse(json)

if (role === 'coordinator') await coordinate()
else await takePart()

/** A consumer or a producer: tells that it is ready, waits for the time of the start, and does its part. */
async function takePart(): Promise<void> {
  const port = parentPort ?? process
  const post = (message: unknown) => (parentPort === null ? process.send?.(message) : parentPort.postMessage(message))
  post('ready')
  const trial = await new Promise<QueueTrial>((resolve) => {
    port.once('message', resolve)
  })
  if (role === 'producer') {
    await (trial.peer === 'memlane'
      ? produceForMemlane(trial, trial.variant.startsWith('batch') ? BATCH : 1)
      : trial.peer === 'zeromq'
        ? zeromqQueue.produce(trial)
        : bullMqQueue.produce(trial))
    post('done')
  } else {
    post((await consume(trial, post)).report)
  }
  if (!isWorker) process.disconnect()
  else process.exit(0)
}

function consume(trial: QueueTrial, post: (message: unknown) => void): Promise<QueueTally> {
  switch (trial.peer) {
    case 'memlane':
      return consumeFromMemlane(trial)
    case 'zeromq':
      return zeromqQueue.consume(trial)
    case 'BullMQ':
      return bullMqQueue.consume(trial)
    default:
      return receiveFrom(trial, parentPort ?? (process as unknown as ChildProcess), post)
  }
}

async function coordinate(): Promise<void> {
  const { peer, consumers, producers } = given
  const isOwnProducer = peer === 'child_process' || peer === 'MessagePort'
  const start = (part: string): Part =>
    peer === 'MessagePort'
      ? new Worker(WORKER_SOURCE, {
          eval: true,
          workerData: [part, json, import.meta.url, import.meta.resolve('tsx/esm/api')],
        })
      : fork(file, [part, json], { execArgv: process.execArgv })
  const parts = [
    ...Array.from({ length: consumers }, () => start('consumer')),
    ...Array.from({ length: isOwnProducer ? 0 : producers }, () => start('producer')),
  ]
  const stopWatching = endIfOneFails(parts)
  await Promise.all(parts.map((part) => once(part, 'message')))
  const trial: QueueTrial = { ...given, start: Date.now() + START_MS + given.warmUpMs }
  const send = (part: (typeof parts)[number], message: unknown) =>
    part instanceof Worker ? part.postMessage(message) : part.send(message as object, () => {}) // a consumer may have ended
  let acknowledged = 0
  const reports = parts.slice(0, consumers).map(
    (part) =>
      new Promise<ConsumerReport>((resolve) => {
        part.on('message', (message: number | ConsumerReport) => {
          if (typeof message === 'number') acknowledged += message
          else resolve(message)
        })
      }),
  )
  for (const part of parts) send(part, trial)
  if (isOwnProducer) {
    const channels = parts.map((part) => ({ send: (message: object) => send(part, message) }))
    await produceRoundRobin(trial, channels, () => acknowledged)
  }
  const all = await Promise.all(reports)
  stopWatching()
  // A producer may still wait for a slot that no consumer frees any more.
  await endAll(parts)
  const delays = all.flatMap(({ delaysUs }) => delaysUs).sort((a, b) => a - b)
  const at = (part: number) => delays[Math.floor(part * delays.length)] ?? 0
  const messages = all.reduce((sum, report) => sum + report.messages, 0)
  const report: QueueReport = {
    messagesPerSecond: (messages / trial.measuredMs) * 1000,
    delayUs: { mean: delays.reduce((sum, delay) => sum + delay, 0) / delays.length, p50: at(0.5), p99: at(0.99) },
  }
  console.log(JSON.stringify(report))
  process.exit(0)
}

/** Ends the trial with code 1 as soon as a part fails: the others may wait for it. Returns a function that ends this watch. */
function endIfOneFails(parts: readonly Part[]): () => void {
  const watches = parts.map((part, index) => {
    const name = index < given.consumers ? `consumer ${index}` : `producer ${index - given.consumers}`
    const onExit = async (code: number | null, signal?: NodeJS.Signals | null) => {
      if (code === 0) return
      console.error(`The part ${name} ended with ${signal ?? code}.`)
      stop()
      await endAll(parts)
      process.exit(1)
    }
    return { part, onExit }
  })
  const stop = () => {
    for (const { part, onExit } of watches) part.off('exit', onExit)
  }
  for (const { part, onExit } of watches) part.on('exit', onExit)
  return stop
}

async function endAll(parts: readonly Part[]): Promise<void> {
  await Promise.all(parts.map((part) => (part instanceof Worker ? part.terminate() : kill(part))))
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
