// One trial of the suite `record`: this program records, and then replays; or it is the producer, or the consumer of the replay, as its
// first argument says. The second is the RecordingTrial as JSON, the third the name of the stream. Prints a RecordingReport.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openStream } from '@memlane/consumer'
import { createStream } from '@memlane/producer'
import { record, replay } from '@memlane/record'
import { Book, bookOf } from './book.js'
import { CAPACITY, type RecordingReport, type RecordingTrial } from './recording-trial.js'

const [, , role = '', json = '', given] = process.argv
const trial = JSON.parse(json) as RecordingTrial
const name = given ?? `memlane-record-trial-${process.pid}`
const replayName = `${name}-again`
/** Distinct messages, made before the measurement. */
const PREPARED = 1000

process.on('disconnect', () => process.exit()) // the recorder has ended
if (role === 'recorder') await recordAndReplay()
else if (role === 'producer') await produce()
else await consume()

function start(part: string) {
  const child = fork(fileURLToPath(import.meta.url), [part, json, name], { execArgv: process.execArgv })
  return { child, message: async () => (await once(child, 'message'))[0] as number }
}

async function recordAndReplay(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'memlane-record-'))
  const file = join(folder, 'trial.mcap')
  try {
    const producer = start('producer')
    await producer.message()
    const recording = await record(name, file, { encode: trial.encode })
    const [before, startMs] = [process.cpuUsage(), performance.now()]
    producer.child.send('begin')
    const sent = await producer.message()
    const { messages: recorded, missed: lost } = await recording.stop()
    const seconds = (performance.now() - startMs) / 1000
    const { user, system } = process.cpuUsage(before)

    const right = start('consumer').message()
    const rename = { [name]: replayName }
    const run = await replay(file, { end: trial.replaySeconds * 1000, consumers: 1, rename })
    const { messages: replayed, timingError } = await run.finished
    const wrong = replayed - (await right)
    const report: RecordingReport = {
      ...{ sent, recorded, lost, seconds, processorNs: (user + system) * 1000, bytes: statSync(file).size },
      ...{ replayed, wrong, lateMedianUs: timingError?.medianUs ?? 0, lateP99Us: timingError?.p99Us ?? 0 },
    }
    console.log(JSON.stringify(report))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Sends at the rate, in portions as large as the time that has passed asks for. */
async function produce(): Promise<void> {
  const books = Array.from({ length: PREPARED }, (_, n) => bookOf(n))
  using writer = createStream(name, Book, { capacity: CAPACITY })
  process.send?.(0)
  await once(process, 'message')
  const startMs = performance.now()
  let sent = 0
  for (const total = trial.rate * trial.seconds; sent < total; ) {
    const due = Math.min(total, ((performance.now() - startMs) * trial.rate) / 1000)
    for (; sent < due; sent++) {
      const book = books[sent % PREPARED] as ReturnType<typeof bookOf>
      book.n = BigInt(sent)
      writer.trySend(book)
    }
    await setTimeout(1)
  }
  process.send?.(sent)
  await setTimeout(1000) // the recorder reads the rest
  process.disconnect()
}

/** Counts the messages that are what was sent, in their order. */
async function consume(): Promise<void> {
  using reader = await openStream(replayName, Book)
  let right = 0
  let next = 0n
  for await (const batch of reader.batches()) {
    for (const { n, symbol, levels } of batch) {
      const expected = bookOf(Number(n) % PREPARED)
      const isRight = n === next && symbol === expected.symbol
      if (isRight && levels.every(({ price, size }, index) => isLevel(expected.levels[index], price, size))) right++
      next = n + 1n
    }
  }
  process.send?.(right)
  process.disconnect()
}

function isLevel(expected: { price: number; size: number } | undefined, price: number, size: number): boolean {
  return expected?.price === price && expected.size === size
}
