// A process of a trial of the suite `bridge`: its RoleTask is JSON in the only argument. The hub asks it by messages: see `Answers`.
import { setImmediate, setTimeout } from 'node:timers/promises'
import { openStream } from '@memlane/consumer'
import { steadyNow } from '@memlane/core/internal'
import { Bridge, parseConfig } from '@memlane/nats'
import { createStream } from '@memlane/producer'
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { AHEAD, JETSTREAM, type RoleTask, SUBJECT, WINDOW } from './bridge-trial.js'
import { sampleOf } from './sample.js'
import { wireOf } from './wire.js'

/** How a sender sends: so many messages a second, as fast as it can, or not at all. */
type Rate = number | 'full' | 'none'

const { role, trial, stream, url, config }: RoleTask = JSON.parse(process.argv[2] as string)
const { payload, encoding } = trial
const { schema, value } = sampleOf(payload)
const STREAM = { capacity: 2 ** 22, withoutConsumers: 'wait' } as const

let rate: Rate = 'none'
let count = 0
let last = -1
let lags: number[] | undefined
let bridge: Bridge | undefined

process.on('disconnect', () => process.exit())
process.on('message', ([id, verb, argument]: [number, keyof typeof answers, Rate]) => {
  process.send?.([id, answers[verb](argument)])
})
const answers = {
  /** Of a sender: from now on. */
  rate(wanted: Rate) {
    rate = wanted
  },
  /** Messages that this process has sent or received, and the time of that count in ms. */
  count: () => ({ count, now: steadyNow() }),
  /** Of a receiver: begins to collect the times from sender to receiver (in ms), or ends that and returns them. */
  lags() {
    const collected = lags
    lags = collected === undefined ? [] : undefined
    return collected
  },
  figures: () => bridge?.routes[0]?.figures,
}

const starts = { producer: produce, publisher: publish, consumer: consume, subscriber: subscribe }
if (role === 'bridge in' || role === 'bridge out') bridge = new Bridge(parseConfig(config), { log: console.error })
else await starts[role]()

/** Notes a message that came. */
function received(n: number, sentMs: number): void {
  if (n !== last + 1) throw new Error(`message ${n} came after ${last}`)
  last = n
  count++
  lags?.push(steadyNow() - sentMs)
}

/** Calls `send` at the rate that the hub has asked for. @param send sends one message if there is room, and waits for room otherwise */
async function keepSending(send: () => undefined | Promise<unknown>): Promise<void> {
  for (;;) {
    const now = rate
    const [start, before] = [steadyNow(), count]
    while (rate === now) {
      const due = now === 'none' ? 0 : now === 'full' ? Infinity : ((steadyNow() - start) * now) / 1000
      // The event loop gets its turn after some messages, so the hub's questions come in.
      const end = Math.min(due, count - before + 1000)
      while (count - before < end) {
        value.sentMs = steadyNow()
        value.n = count
        const wait = send()
        if (wait !== undefined) await wait
      }
      await (now === 'full' ? setImmediate() : setTimeout(1))
    }
  }
}

async function produce(): Promise<void> {
  const writer = createStream(stream, schema, STREAM)
  await writer.consumersReady(1)
  process.send?.('ready')
  await keepSending(() => {
    if (!writer.trySend(value)) return writer.ready({ timeoutMs: 100 })
    count++
    return undefined
  })
}

async function consume(): Promise<void> {
  const reader = await openStream(stream, schema, { endOn: 'never', from: 'oldest' })
  process.send?.('ready')
  for await (const batch of reader.batches()) for (const { n, sentMs } of batch) received(n, sentMs)
}

async function publish(): Promise<void> {
  const connection = await connect({ servers: url })
  const client = jetstream(connection)
  const { encode } = wireOf(payload, encoding)
  let inFlight = 0
  let answered = () => {}
  process.send?.('ready')
  await keepSending(() => {
    if (inFlight >= WINDOW) {
      return new Promise<void>((resolve) => {
        answered = resolve
      })
    }
    inFlight++
    client
      .publish(SUBJECT, encode(value), { msgID: `${stream}-0-${count++}` })
      .finally(() => {
        inFlight--
        answered()
      })
      .catch((error) => {
        throw error
      })
    return undefined
  })
}

async function subscribe(): Promise<void> {
  const connection = await connect({ servers: url })
  const manager = await jetstreamManager(connection)
  const options = { durable_name: 'subscriber', ack_policy: AckPolicy.All, max_ack_pending: -1 }
  await manager.consumers.add(JETSTREAM, { ...options, filter_subject: SUBJECT })
  const consumer = await jetstream(connection).consumers.get(JETSTREAM, 'subscriber')
  const { decode } = wireOf(payload, encoding)
  process.send?.('ready')
  let unacknowledged = 0
  for await (const message of await consumer.consume({ max_messages: AHEAD })) {
    const { n, sentMs } = decode(message.data)
    received(n, sentMs)
    if (++unacknowledged < AHEAD / 8 && message.info.pending > 0) continue
    message.ack()
    unacknowledged = 0
  }
}
