// A producer or a consumer that continues whatever happens to its memory. After an error with an expected code it starts
// again. Any other error ends it. scribble.ts starts it, with its role and a Task as JSON in its arguments.
import { setImmediate } from 'node:timers/promises'
import { openStream, type StreamReader } from '@memlane/consumer'
import { SharedMemoryError } from '@memlane/core'
import { joinStream, type StreamWriter } from '@memlane/producer'
import { oneOf, randomFrom } from '@memlane/testing/random'
import { below } from '../fuzz/mutation.js'
import { events } from '../fuzz/payloads.js'
import { sizeOf } from '../fuzz/size-of.js'
import { Schema, type ScribbleResult, type Task } from './task.js'

const [role, text] = process.argv.slice(2) as ['producer' | 'consumer', string]
const { stream, seed, milliseconds }: Task = JSON.parse(text)
const random = randomFrom(seed)
const result: ScribbleResult = { done: 0, errors: {} }
const end = performance.now() + milliseconds
const LIMIT = { timeoutMs: 5 }
/** The error codes that damaged bytes may cause. */
const CODES =
  /^(CORRUPT|TOO_SHORT|NOT_A_CHANNEL|VERSION_MISMATCH|SCHEMA_MISMATCH|FULL|TIMED_OUT|NOT_READY|NOT_FOUND|ACCESS_DENIED)$/

const sendings: readonly ((writer: StreamWriter<typeof Schema>) => unknown)[] = [
  (writer) => Number(writer.trySend(oneOf(random, events))),
  (writer) => writer.trySendBatch(Array.from({ length: below(random, 50) }, () => oneOf(random, events))),
  (writer) => writer.send(oneOf(random, events), LIMIT),
  (writer) => writer.sendBatch([...events, ...events], LIMIT),
  (writer) => writer.sendSync(oneOf(random, events), { timeoutMs: 2 }),
  (writer) => writer.flush(LIMIT),
  (writer) => writer.ready({ length: 16, ...LIMIT }),
  (writer) => writer.readySync({ timeoutMs: 2, length: 16 }),
  (writer) => {
    const view = writer.claimMember('quote')
    if (view === undefined) return
    view.seq = 1
    if (random() < 0.7) writer.commit()
    else writer.abort()
  },
  (writer) => void (writer.consumers + writer.sent),
]

const readings: readonly ((reader: StreamReader<typeof Schema>) => unknown)[] = [
  (reader) => reader.poll((message) => sizeOf(message), 200),
  (reader) => {
    let count = 0
    while (count < 100 && reader.tryReceive() !== undefined) count++
    return count
  },
  async (reader) => Number((await reader.receive(LIMIT)) !== undefined),
  (reader) => Number(reader.receiveSync({ timeoutMs: 2 }) !== undefined),
  (reader) => void reader.readySync({ timeoutMs: 1 }),
  (reader) => void reader.lag(),
  (reader) => void (reader.producers + reader.missed),
  async (reader) => {
    const signal = AbortSignal.timeout(5)
    try {
      for await (const batch of reader.batches({ limit: 20, signal })) return batch.length
    } catch (error) {
      if (!signal.aborted) throw error
    }
    return 0
  },
]

/** Runs an action. Returns false if it failed with an allowed error. */
async function allowed(act: () => unknown): Promise<boolean> {
  try {
    const done = await act()
    result.done += typeof done === 'number' ? done : 0
    return true
  } catch (error) {
    if (!(error instanceof SharedMemoryError) || !CODES.test(error.code)) throw error
    result.errors[error.code] = (result.errors[error.code] ?? 0) + 1
    return false
  }
}

async function live(): Promise<void> {
  if (role === 'producer') {
    using writer = await joinStream(stream, Schema, { timeoutMs: 0, waitStrategy: oneOf(random, ['park', 'adaptive']) })
    await use(writer, sendings)
  } else {
    const from = oneOf(random, ['now', 'oldest'] as const)
    using reader = await openStream(stream, Schema, {
      timeoutMs: 0,
      from,
      waitStrategy: oneOf(random, ['park', 'adaptive']),
    })
    await use(reader, readings)
  }
}

/** Uses a participant in random ways. After an error it sometimes continues with the same participant. */
async function use<T>(participant: T, ways: readonly ((participant: T) => unknown)[]): Promise<void> {
  for (let lives = 1 + below(random, 500); lives > 0 && performance.now() < end; lives--) {
    const way = oneOf(random, ways)
    if (!(await allowed(() => way(participant))) && random() < 0.3) return
    if (random() < 0.1) await setImmediate()
  }
}

while (performance.now() < end) await allowed(live)
console.log(JSON.stringify(result))
