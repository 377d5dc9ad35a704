// A process that takes part in a round of a queue until it is killed or must finish. round.ts starts it, with a Task as JSON in its only
// argument. It reports only through the ledger.
import { setImmediate, setTimeout } from 'node:timers/promises'
import { openQueue } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { joinQueue, type QueueWriter } from '@memlane/producer'
import { Numbered, numbered } from '@memlane/testing/numbered-message'
import { oneOf, type Random, randomFrom } from '@memlane/testing/random'
import { Command, MAX_ENTRIES, SENT, STAGE, Stage } from '../kill/ledger.js'
import { Handling, type Taking, takings } from './handling.js'
import { QueueLedger } from './ledger.js'

interface Common {
  queue: string
  ledger: string
  participant: number
  seed: number
  wait: 'park' | 'adaptive' | 'spin'
}

export type ProducerTask = Common & { role: 'producer' }
export type ConsumerTask = Common & { role: 'consumer'; taking: Taking }

const task: ProducerTask | ConsumerTask = JSON.parse(process.argv[2] as string)
const { participant } = task
const ledger = new QueueLedger(SharedMemory.open(task.ledger))
const counters = ledger.counters(participant)
const random = randomFrom(task.seed)
const parent = process.ppid
const isOver = () => ledger.command === Command.finish || process.ppid !== parent
Atomics.store(counters, STAGE, Stage.joining)

if (task.role === 'producer') await produce(task)
else await consume(task)

async function produce({ queue, wait }: ProducerTask): Promise<void> {
  using writer = await joinQueue(queue, Numbered, { waitStrategy: wait })
  Atomics.store(counters, STAGE, Stage.joined)
  while (!isOver()) {
    for (let count = random() * 50; count > 0; count--) await sendSome(writer, random)
    if (random() < 0.5) await setTimeout(random() * 3)
    if (ledger.command !== Command.pause) continue
    await send(writer)
    Atomics.store(counters, STAGE, Stage.paused)
    while (ledger.command === Command.pause && process.ppid === parent) await setTimeout(1)
    Atomics.store(counters, STAGE, Stage.joined)
  }
}

function fresh(ahead = 0) {
  const own = (counters[SENT] as number) + ahead
  return numbered(participant, own, 0, own)
}

function sent(count = 1): void {
  Atomics.store(counters, SENT, (counters[SENT] as number) + count)
}

async function send(writer: QueueWriter<typeof Numbered>): Promise<void> {
  if ((counters[SENT] as number) >= MAX_ENTRIES) return
  await writer.send(fresh())
  sent()
}

async function sendSome(writer: QueueWriter<typeof Numbered>, random: Random): Promise<void> {
  if ((counters[SENT] as number) + 20 > MAX_ENTRIES) {
    await setTimeout(1)
    return
  }
  switch (
    oneOf(random, ['send', 'sendSync', 'trySend', 'sendBatch', 'fillBatch', 'claim', 'abort', 'flush'] as const)
  ) {
    case 'send':
      return send(writer)
    case 'sendSync':
      writer.sendSync(fresh())
      return sent()
    case 'trySend':
      if (writer.trySend(fresh())) return sent()
      return setImmediate()
    case 'sendBatch': {
      const batch = Array.from({ length: 10 }, (_, index) => fresh(index))
      await writer.sendBatch(batch)
      return sent(batch.length)
    }
    case 'fillBatch': {
      const count = writer.fillBatch(10, (view, index) => Object.assign(view, fresh(index)))
      if (count === 0) await writer.ready()
      return sent(count)
    }
    case 'claim': {
      const view = writer.claim()
      if (view === undefined) return void writer.readySync()
      Object.assign(view, fresh())
      writer.commit()
      return sent()
    }
    case 'abort': {
      const view = writer.claim()
      if (view === undefined) return setImmediate()
      Object.assign(view, fresh(1000), { checksum: 0 })
      return writer.abort()
    }
    case 'flush':
      await send(writer)
      return writer.flush()
  }
}

async function consume({ queue, wait, taking }: ConsumerTask): Promise<void> {
  const reader = await openQueue(queue, Numbered, { waitStrategy: wait })
  Atomics.store(counters, STAGE, Stage.joined)
  await takings[taking](reader, new Handling(ledger, participant, random), isOver)
  await reader.close()
}
