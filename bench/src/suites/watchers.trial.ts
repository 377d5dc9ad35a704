/**
 * Runs one trial of the suite `watchers` in a process of its own, which is the producer, and prints its report. It starts the consumer
 * and the watcher.
 *
 *   node --import tsx watchers.trial.ts PEER PAIRS SECONDS [NAME]
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openStream } from '@memlane/consumer'
import { createStream } from '@memlane/producer'
import { f64, type ReadonlyMessageView, struct, u32 } from '@memlane/protocol'

/** What the producer did in some time. */
export interface Slice {
  readonly messages: number
  readonly seconds: number
  /** CPU time of the producer. */
  readonly processorSeconds: number
}

/** Pairs of slices: one while the watcher was stopped, and the next while it ran. */
export type WatcherReport = readonly { readonly alone: Slice; readonly watched: Slice }[]

const CLI = fileURLToPath(new URL('main.js', import.meta.resolve('@memlane/cli')))
/** The watcher has started by then. */
const START_MS = 1000

const Quote = struct('Quote', { id: u32, size: u32, bid: f64, ask: f64, time: f64 })
const [, , peer = '', pairsText, secondsText, name = `memlane-watchers-trial-${process.pid}`] = process.argv

const WATCHERS: Readonly<Record<string, readonly string[] | undefined>> = {
  top: [CLI, 'top'],
  'tail, no match': [CLI, 'tail', name, '--where', 'size=1'],
  tail: [CLI, 'tail', name, '--json'],
  'a busy process': ['--eval', 'for (;;);'],
}

if (peer === 'consumer') await consume()
else await produce()

/** Checks and counts messages until it is killed. */
async function consume(): Promise<void> {
  using quotes = await openStream(name, Quote, { waitStrategy: 'spin' })
  console.log('consuming')
  let last = 0
  const take = (quote: ReadonlyMessageView<typeof Quote>) => {
    if (quote.id !== (last + 1) >>> 0 && last !== 0) throw new Error(`message ${quote.id} came after ${last}`)
    if (quote.ask - quote.bid !== 0.25) throw new Error(`message ${quote.id} is wrong`)
    last = quote.id
  }
  const producer = process.ppid
  while (process.ppid === producer) for (let polls = 0; polls < 1e6; polls++) quotes.poll(take)
}

async function produce(): Promise<void> {
  using quotes = createStream(name, Quote, { waitStrategy: 'spin' })
  const self = [...process.execArgv, fileURLToPath(import.meta.url), 'consumer', '0', '0', name]
  const consumer = spawn(process.execPath, self, { stdio: ['ignore', 'pipe', 'inherit'] })
  if (consumer.stdout !== null) await once(consumer.stdout, 'data')
  const watcher = spawn(process.execPath, WATCHERS[peer] ?? [], { stdio: ['ignore', 'ignore', 'inherit'] })

  let id = 0
  /** Sends for so many milliseconds. The loop is a function of its own, as in real programs. */
  const send = (ms: number): number => {
    const first = id
    for (const end = performance.now() + ms; performance.now() < end; ) {
      for (let count = 0; count < 1000; count++) {
        let quote = quotes.claim()
        while (!quote) {
          quotes.readySync()
          quote = quotes.claim()
        }
        id = (id + 1) >>> 0
        quote.id = id
        quote.size = 100
        quote.bid = id + 0.25
        quote.ask = id + 0.5
        quote.time = id
        quotes.commit()
      }
    }
    return (id - first) >>> 0
  }
  send(START_MS / 2)
  await setTimeout(START_MS / 2) // the watcher may need this CPU to start
  send(START_MS / 2)

  const slice = (): Slice => {
    const before = process.cpuUsage()
    const start = performance.now()
    const messages = send(Number(secondsText) * 1000)
    const seconds = (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(before)
    return { messages, seconds, processorSeconds: (user + system) / 1e6 }
  }
  const report: { alone: Slice; watched: Slice }[] = []
  for (let pairs = 0; pairs < Number(pairsText); pairs++) {
    watcher.kill('SIGSTOP')
    const alone = slice()
    watcher.kill('SIGCONT')
    report.push({ alone, watched: slice() })
  }
  await setTimeout(1) // an exit of the watcher is seen now
  if (watcher.exitCode !== null) throw new Error(`the watcher ended: ${watcher.exitCode}`)
  watcher.kill('SIGKILL')
  consumer.kill('SIGKILL')
  console.log(JSON.stringify(report satisfies WatcherReport))
}
