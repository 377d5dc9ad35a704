// A process that plays a role in a stream, a latest, a queue, calls or a region, and dies at a given crash point. scenario-run.ts starts it with a Task
// as JSON in its only argument. It prints `ask N WORD NUMBER`, and then waits for a byte. Its last line is
// `died COMMITTED WHERE`, or `done COMMITTED STORES` if it has reached the end of its role.
import { readSync, writeSync } from 'node:fs'
import { openLatest, openStream, type StreamReader } from '@memlane/consumer'
import {
  createLatest,
  createRegion,
  createStream,
  joinStream,
  type LatestWriter,
  type StreamWriter,
} from '@memlane/producer'
import { callRoles } from './call-roles.js'
import { type CrashPoint, crashPoints } from './crash-point.js'
import { CAPACITY, isWhole, Numbered, numbered, regions, regionValue } from './message.js'
import { queueRoles, type Stage } from './queue-roles.js'

type Writer = StreamWriter<typeof Numbered>
type Reader = StreamReader<typeof Numbered>

export interface Task extends CrashPoint {
  role: CrashingRole
  name: string
  lane: number
  /** The number of the first message to send. */
  first: number
}

export type CrashingRole = keyof typeof roles | keyof typeof queueRoles | keyof typeof callRoles

const { role, name, lane, first, ...point }: Task = JSON.parse(process.argv[2] as string)

let asked = 0

/** Blocks until the answer comes. */
function ask(word: string, number = 0): void {
  writeSync(1, `ask ${++asked} ${word} ${number}\n`)
  if (readSync(0, Buffer.alloc(1)) === 0) process.exit(1) // the parent process has ended
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

/** The number of the next message to send. */
let next = first

function intend(count: number): number {
  const number = next
  next += count
  crashPoints.intended = next - 1
  return number
}

function trySend(writer: Writer, count: number): void {
  for (let left = count; left > 0; left--) demand(writer.trySend(numbered(lane, intend(1))), 'there is no room')
}

function sendBatch(writer: Writer, count: number): void {
  const number = intend(count)
  const batch = Array.from({ length: count }, (_, index) => numbered(lane, number + index))
  demand(writer.trySendBatch(batch) === count, 'there is no room for a batch')
}

function fillBatch(writer: Writer, count: number): void {
  const number = intend(count)
  const filled = writer.fillBatch(count, (message, index) => Object.assign(message, numbered(lane, number + index)))
  demand(filled === count, 'there is no room to fill')
}

function claim(writer: Writer): void {
  const message = writer.claim()
  demand(message !== undefined, 'there is no room to claim')
  Object.assign(message as object, numbered(lane, intend(1)))
  writer.commit()
}

/** Sends in each way, more than one lap of the lane in total. Between the ways, the consumer takes all messages. */
function sendInEachWay(writer: Writer): void {
  trySend(writer, 2)
  claim(writer)
  writer.claim()
  writer.abort()
  ask('drain', crashPoints.committed)
  sendBatch(writer, 3)
  ask('drain', crashPoints.committed)
  fillBatch(writer, 3)
  ask('drain', crashPoints.committed)
  trySend(writer, 2)
}

let received = 0

/** Checks one more message. */
function take(message: { number: number; body: Iterable<number> } | undefined): void {
  if (message === undefined) throw new Error('there is no message')
  demand(isWhole(message), `message ${message.number} is torn`)
  demand(received === 0 || message.number === received + 1, `message ${message.number} came after ${received}`)
  received = message.number
}

function receiveInEachWay(reader: Reader): void {
  take(reader.tryReceive())
  take(reader.tryReceive())
  reader.poll(take)
  ask('send', 4)
  reader.poll(take, 2)
  take(reader.tryReceive())
  reader.poll(take)
  ask('send', 5)
  reader.poll(take)
  demand(reader.tryReceive() === undefined, 'there is a message too many')
}

/** Lets the awaited event happen after a sleeper has set its mark, and before its second check and its sleep. */
function whenMarked(happen: () => void): void {
  crashPoints.onStore = (store) => {
    if (store === 'setBits') happen()
  }
}

/** Sets the value in each way, so often that each cell is used twice. */
function setInEachWay(writer: LatestWriter<typeof Numbered>): void {
  for (let lap = 0; lap < 3; lap++) {
    writer.set(numbered(lane, intend(1)))
    writer.update((view) => Object.assign(view, numbered(lane, intend(1))))
    writer.fill((view) => Object.assign(view, numbered(lane, intend(1))))
  }
}

async function updateRegion(kind: keyof typeof regions): Promise<void> {
  using region = createRegion(name, regions[kind], { existing: 'join' })
  region.write(regionValue(intend(1)))
  region.update((view) => Object.assign(view, { number: next, body: regionValue(intend(1)).body }))
  region.write(regionValue(intend(1)))
}

const join = () => joinStream(name, Numbered, { lane, waitStrategy: 'park' })
const open = () => openStream(name, Numbered, { from: 'oldest', waitStrategy: 'park' })

const roles = {
  async creator() {
    using writer = createStream(name, Numbered, { capacity: CAPACITY, maxProducers: 1, maxConsumers: 1 })
    ask('created')
    sendInEachWay(writer)
  },
  async producer() {
    using writer = await join()
    sendInEachWay(writer)
  },
  async 'closing-producer'() {
    using writer = await join()
    ask('joined')
    trySend(writer, 2)
  },
  async 'overwriting-producer'() {
    using writer = await join()
    trySend(writer, 9)
    sendBatch(writer, 3)
    fillBatch(writer, 3)
    claim(writer)
  },
  async 'waiting-producer'() {
    using writer = await join()
    whenMarked(() => ask('drain', crashPoints.committed))
    while (writer.trySend(numbered(lane, intend(1))));
    await writer.send(numbered(lane, next - 1)) // the message that had no room
    while (writer.trySend(numbered(lane, intend(1))));
    demand(writer.sendSync(numbered(lane, next - 1)), 'the time has passed')
  },
  async 'evicting-producer'() {
    using writer = await join()
    trySend(writer, 9)
  },
  async consumer() {
    using reader = await open()
    receiveInEachWay(reader)
  },
  async 'waiting-consumer'() {
    using reader = await open()
    reader.poll(take)
    whenMarked(() => ask('send', 1))
    take(await reader.receive())
    take(reader.receiveSync())
    demand(await reader.ready(), 'there is no message')
    reader.poll(take)
  },
  async loner() {
    using writer = createStream(name, Numbered, { capacity: CAPACITY, maxProducers: 1, maxConsumers: 1 })
    using reader = await openStream(name, Numbered)
    trySend(writer, 3)
    take(reader.tryReceive())
    reader.poll(take)
    trySend(writer, 5)
    reader.poll(take)
  },
  async 'dead-producer'() {
    const writer = await join()
    trySend(writer, 3)
    writer.claim()
    crashPoints.die('in a claim')
  },
  async 'dead-consumer'() {
    const reader = await open()
    take(reader.tryReceive())
    crashPoints.die('with a message')
  },
  async 'latest-creator'() {
    using writer = createLatest(name, Numbered, { maxReaders: 1 })
    ask('created')
    setInEachWay(writer)
  },
  async 'latest-writer'() {
    using writer = createLatest(name, Numbered)
    setInEachWay(writer)
    ask('sleep') // a reader waits for the next value
    writer.set(numbered(lane, intend(1)))
  },
  async 'latest-reader'() {
    using reader = await openLatest(name, Numbered, { waitStrategy: 'park' })
    take(reader.get())
    whenMarked(() => ask('set'))
    demand(await reader.wait(), 'the writer has ended')
    reader.read(take)
    demand(reader.waitSync(), 'the writer has ended')
    take(reader.get())
  },
  async 'region-creator'() {
    using region = createRegion(name, regions.sequence, { value: regionValue(intend(1)) })
    region.write(regionValue(intend(1)))
  },
  'region-sequence': () => updateRegion('sequence'),
  'region-pair': () => updateRegion('pair'),
  'region-counter': () => updateRegion('counter'),
}

crashPoints.committed = first - 1
crashPoints.arm(point)
const stage: Stage = { name, ask, intend }
await { ...roles, ...queueRoles, ...callRoles }[role](stage)
writeSync(1, `done ${crashPoints.committed} ${crashPoints.stores}\n`)
