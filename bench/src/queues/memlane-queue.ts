import { setTimeout } from 'node:timers/promises'
import { openQueue } from '@memlane/consumer'
import { createQueue } from '@memlane/producer'
import {
  bytes,
  f64,
  type MessageOf,
  type MessageView,
  type ReadonlyMessageView,
  type Schema,
  struct,
} from '@memlane/protocol'
import { clock, isRunning, QueueTally, type QueueTrial } from './queue-trial.js'

/** What a trial sends. Every byte is written, and read or copied. Each function returns when the message was sent. */
interface Content<S extends Schema> {
  readonly schema: S
  valueOf(sentAt: number): MessageOf<S>
  write(view: MessageView<S>, sentAt: number): void
  readValue(value: MessageOf<S>): number
  readView(view: ReadonlyMessageView<S>): number
}

let sink = 0

const Small = struct('Message', { sentAt: f64, bid: f64, ask: f64, volume: f64 })
const small: Content<typeof Small> = {
  schema: Small,
  valueOf: (sentAt) => ({ sentAt, bid: 10.5, ask: 10.75, volume: 300 }),
  write(view, sentAt) {
    view.sentAt = sentAt
    view.bid = 10.5
    view.ask = 10.75
    view.volume = 300
  },
  readValue({ sentAt, bid, ask, volume }) {
    sink = bid + ask + volume
    return sentAt
  },
  readView(view) {
    sink = view.bid + view.ask + view.volume
    return view.sentAt
  },
}

function largeOf(payload: number) {
  const schema = struct('Message', { sentAt: f64, body: bytes(payload - 8) })
  const body = new Uint8Array(payload - 8).fill(7)
  const own = new Uint8Array(payload - 8)
  const large: Content<typeof schema> = {
    schema,
    valueOf: (sentAt) => ({ sentAt, body }),
    write(view, sentAt) {
      view.sentAt = sentAt
      view.body.set(body)
    },
    readValue(value) {
      sink = value.body[0] as number // the value itself is a copy
      return value.sentAt
    },
    readView(view) {
      view.body.copyTo(own)
      return view.sentAt
    },
  }
  return large
}

/** Enough for one lap of the cache, and not so many that a slow consumer has a second of work. */
const CAPACITY = 1024
const MAX = { maxProducers: 4, maxConsumers: 8 }

const waitOf = ({ variant }: QueueTrial) => (variant.endsWith('spin') ? 'spin' : 'adaptive')

export function produceForMemlane(trial: QueueTrial, batch: number): Promise<void> {
  return trial.payload === 32 ? produce(trial, small, batch) : produce(trial, largeOf(trial.payload), batch)
}

async function produce<S extends Schema>(trial: QueueTrial, content: Content<S>, batch: number): Promise<void> {
  const options = { ...MAX, capacity: CAPACITY, existing: 'join', waitStrategy: waitOf(trial) } as const
  using writer = createQueue(trial.name, content.schema, options)
  if (trial.pauseMs > 0) {
    while (isRunning(trial)) {
      await setTimeout(trial.pauseMs)
      await writer.send(content.valueOf(clock()))
    }
    return
  }
  if (trial.variant.startsWith('process')) {
    for (let count = 0; (count & 255) !== 0 || isRunning(trial); count++) await writer.send(content.valueOf(1))
    return
  }
  const write = (view: MessageView<S>) => content.write(view, 1)
  for (let rounds = 0; (rounds & 255) !== 0 || isRunning(trial); rounds++) {
    if (batch > 1) {
      if (writer.fillBatch(batch, write) === 0 && !writer.readySync({ timeoutMs: 100 })) break
      continue
    }
    const view = writer.claim()
    if (view === undefined) {
      if (!writer.readySync({ timeoutMs: 100 })) break
      continue
    }
    write(view)
    writer.commit()
  }
}

export function consumeFromMemlane(trial: QueueTrial): Promise<QueueTally> {
  return trial.payload === 32 ? consume(trial, small) : consume(trial, largeOf(trial.payload))
}

async function consume<S extends Schema>(trial: QueueTrial, content: Content<S>): Promise<QueueTally> {
  const tally = new QueueTally(trial)
  const reader = await openQueue(trial.name, content.schema, { waitStrategy: waitOf(trial) })
  if (trial.variant.startsWith('process')) {
    const stop = new AbortController()
    const looking = setInterval(() => {
      tally.look()
      if (tally.isOver) stop.abort()
    }, 5)
    await reader.process(({ value }) => tally.add(content.readValue(value)), { signal: stop.signal })
    clearInterval(looking)
  } else {
    const add = (view: ReadonlyMessageView<S>) => tally.add(content.readView(view))
    while (!tally.isOver) {
      if (reader.poll(add) > 0) continue
      tally.look()
      reader.readySync({ timeoutMs: 20 })
    }
  }
  await reader.close({ timeoutMs: 0 })
  if (Number.isNaN(sink)) throw new Error('a message holds no number')
  return tally
}
