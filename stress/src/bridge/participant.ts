// A process on one of the machines. run.ts starts it, with a Task as JSON in its only argument. It ends when its standard input does.
import { setTimeout } from 'node:timers/promises'
import { openStream } from '@memlane/consumer'
import { steadyNow } from '@memlane/core/internal'
import { Bridge, parseConfig } from '@memlane/nats'
import { createStream, type StreamWriter } from '@memlane/producer'
import { Parcel, type ParcelValue, parcel } from './parcel.js'
import { Receipts } from './receipts.js'
import type { BridgeTask, ProducerTask, ReceiverTask, Task } from './task.js'

/** Between two lines about the progress. */
const TELL_MS = 100
const STREAM = { capacity: 2 ** 20, withoutConsumers: 'wait', existing: 'join' } as const

const task: Task = JSON.parse(process.argv[2] as string)
process.stdin.on('end', () => process.exit()).resume()

const tell = (line: object) => console.log(JSON.stringify(line))

switch (task.role) {
  case 'producer':
    await produce(task)
    break
  case 'receiver':
    await receive(task)
    break
  case 'bridge':
    await bridge(task)
}

async function produce({ stream, author, messages, rate }: ProducerTask): Promise<void> {
  const writer = createStream(stream, Parcel, STREAM)
  await writer.consumersReady(1)
  const start = steadyNow()
  for (let own = 0; own < messages; ) {
    const due = Math.min(messages, ((steadyNow() - start) * rate) / 1000)
    while (own < due) await send(writer, parcel(author, own++, steadyNow()))
    await setTimeout(1)
  }
  await writer.flush()
  tell({ sent: messages })
}

async function send(writer: StreamWriter<typeof Parcel>, message: ParcelValue): Promise<void> {
  while (!writer.trySend(message)) await writer.ready()
}

async function receive({ from, to, authors, perAuthor }: ReceiverTask): Promise<void> {
  const writer = to === undefined ? undefined : createStream(to, Parcel, STREAM)
  const reader = await openStream(from, Parcel, { endOn: 'never', from: 'oldest' })
  const receipts = new Receipts(authors, perAuthor)
  setInterval(() => tell({ received: receipts.received }), TELL_MS)
  process.stdin.on('data', () => tell({ report: receipts.report() }))
  // After the last message, more may come, which would be duplicates: so this loop has no end.
  for await (const batch of reader.batches()) {
    for (const message of batch) {
      if (receipts.add(message, steadyNow()) && writer !== undefined) await send(writer, message)
    }
    if (receipts.isComplete) tell({ received: receipts.received })
  }
}

async function bridge({ config }: BridgeTask): Promise<void> {
  const log = (text: string, route?: string) =>
    console.error(`${Math.round(steadyNow())} ${route ?? 'bridge'}: ${text}`)
  const running = new Bridge(parseConfig(config), { log })
  const figures = () =>
    Object.fromEntries(running.routes.map(({ kind, name, figures }) => [`${kind} ${name}`, figures]))
  setInterval(() => tell({ reconnects: running.link.reconnects, routes: figures() }), TELL_MS)
  process.once('SIGTERM', async () => {
    await running.stop()
    tell({ reconnects: running.link.reconnects, routes: figures() })
    process.exit()
  })
}
