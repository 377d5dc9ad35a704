import { setTimeout } from 'node:timers/promises'
import { openQueue } from '@memlane/consumer'
import { createQueue } from '@memlane/producer'
import { array, f64, struct, u8 } from '@memlane/protocol'
import { clock, isRunning, QueueTally, type QueueTrial } from './queue-trial.js'

const HEADER = 8
const messageOf = (payload: number) => struct('Message', { sentAt: f64, body: array(u8, payload - HEADER) })
/** Enough for one lap of the cache, and not so many that a slow consumer has a second of work. */
const CAPACITY = 1024
const MAX = { maxProducers: 4, maxConsumers: 8 }

const waitOf = ({ variant }: QueueTrial) => (variant.endsWith('spin') ? 'spin' : 'adaptive')

export async function produceForMemlane(trial: QueueTrial, batch: number): Promise<void> {
  const Message = messageOf(trial.payload)
  const options = { ...MAX, capacity: CAPACITY, existing: 'join', waitStrategy: waitOf(trial) } as const
  using writer = createQueue(trial.name, Message, options)
  const body = Array.from({ length: trial.payload - HEADER }, () => 7)
  if (trial.pauseMs > 0) {
    while (isRunning(trial)) {
      await setTimeout(trial.pauseMs)
      await writer.send({ sentAt: clock(), body })
    }
    return
  }
  if (trial.variant.startsWith('process')) {
    const message = { sentAt: 0, body }
    for (let count = 0; (count & 255) !== 0 || isRunning(trial); count++) await writer.send(message)
    return
  }
  const fill = (view: { sentAt: number }) => {
    view.sentAt = 1
  }
  for (let rounds = 0; (rounds & 255) !== 0 || isRunning(trial); rounds++) {
    if (batch > 1) {
      if (writer.fillBatch(batch, fill) === 0 && !writer.readySync({ timeoutMs: 100 })) break
      continue
    }
    const view = writer.claim()
    if (view === undefined) {
      if (!writer.readySync({ timeoutMs: 100 })) break
      continue
    }
    view.sentAt = 1
    writer.commit()
  }
}

export async function consumeFromMemlane(trial: QueueTrial): Promise<QueueTally> {
  const tally = new QueueTally(trial)
  const reader = await openQueue(trial.name, messageOf(trial.payload), { waitStrategy: waitOf(trial) })
  const add = (message: { readonly sentAt: number }) => tally.add(message.sentAt)
  if (trial.variant.startsWith('process')) {
    const stop = new AbortController()
    const looking = setInterval(() => {
      tally.look()
      if (tally.isOver) stop.abort()
    }, 5)
    await reader.process((delivery) => add(delivery.view), { signal: stop.signal })
    clearInterval(looking)
  } else {
    while (!tally.isOver) {
      if (reader.poll(add) > 0) continue
      tally.look()
      reader.readySync({ timeoutMs: 20 })
    }
  }
  await reader.close({ timeoutMs: 0 })
  return tally
}
