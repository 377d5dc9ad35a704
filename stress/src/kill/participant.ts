// A process that takes part in a round until it is killed or must finish. round.ts starts it, with a Task as JSON in its only
// argument. It reports only through the shared progress.
import { setTimeout } from 'node:timers/promises'
import { openStream } from '@memlane/consumer'
import { joinStream } from '@memlane/producer'
import { Numbered } from '@memlane/testing/numbered-message'
import { oneOf, randomFrom } from '@memlane/testing/random'
import { type Reading, readings } from '@memlane/testing/readings'
import { DeliveryCounter } from './delivery-counter.js'
import { Command, Progress, STAGE, Stage } from './progress.js'
import { Sender, sendings } from './sending.js'

interface Common {
  stream: string
  progress: string
  participant: number
  wait: 'park' | 'adaptive' | 'spin'
}

export type ProducerTask = Common & { role: 'producer'; seed: number }
export type ConsumerTask = Common & {
  role: 'consumer'
  reading: Reading
  from: 'now' | 'oldest'
  access: 'read' | 'readwrite'
}

const task: ProducerTask | ConsumerTask = JSON.parse(process.argv[2] as string)
const progress = Progress.open(task.progress)
const counters = progress.counters(task.participant)
Atomics.store(counters, STAGE, Stage.joining)

if (task.role === 'producer') await produce(task)
else await consume(task)

async function produce({ stream, participant, wait, seed }: ProducerTask): Promise<void> {
  using writer = await joinStream(stream, Numbered, { waitStrategy: wait })
  const sender = new Sender(writer, participant, counters, progress.lanes)
  const random = randomFrom(seed)
  const parent = process.ppid
  Atomics.store(counters, STAGE, Stage.joined)

  while (progress.command !== Command.finish && process.ppid === parent) {
    const sending = oneOf(random, sendings)
    for (let count = random() * 50; count > 0; count--) await sender[sending]()
    // Now and then all consumers have read everything, and sleep.
    if (random() < 0.5) await setTimeout(random() * 3)
    if (progress.command === Command.pause) {
      await sender.send()
      Atomics.store(counters, STAGE, Stage.paused)
      while (progress.command === Command.pause && process.ppid === parent) await setTimeout(1)
      Atomics.store(counters, STAGE, Stage.joined)
    }
  }
}

async function consume({ stream, wait, reading, from, access }: ConsumerTask): Promise<void> {
  using reader = await openStream(stream, Numbered, { waitStrategy: wait, from, access })
  const counter = new DeliveryCounter(process.argv[2] as string, counters, false, () => reader.missed)
  Atomics.store(counters, STAGE, Stage.joined)
  await readings[reading](reader, counter)
  if (reader.end === undefined) throw new Error(`${reading} came back though the stream had not ended`)
}
