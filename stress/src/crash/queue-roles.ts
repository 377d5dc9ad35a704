/** What the victims of queues do. crashing-process.ts calls these functions. */
import { Channel } from '@memlane/channel'
import { type Delivery, openQueue, type QueueReader } from '@memlane/consumer'
import { createQueue, joinQueue, type QueueWriter } from '@memlane/producer'
import { MessageRecall, queueShape } from '@memlane/protocol/internal'
import { crashPoints } from './crash-point.js'
import { isWhole, Numbered, numbered } from './message.js'

type Writer = QueueWriter<typeof Numbered>
type Reader = QueueReader<typeof Numbered>

/** What a victim needs from its process. */
export interface Stage {
  readonly name: string
  /** Blocks until the survivors have done something. */
  ask(word: string, number?: number): void
  /** Returns the number of the first of `count` messages that are sent next. */
  intend(count: number): number
}

export const QUEUE_CAPACITY = 8
/** How many messages the role `queue-recaller` sends. */
export const SENT = 3
export const queueOptions = { capacity: QUEUE_CAPACITY, maxProducers: 2, maxConsumers: 3, maxDeliveries: 3 }

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

function sendInEachWay(writer: Writer, { ask, intend }: Stage): void {
  const one = () => numbered(0, intend(1))
  demand(writer.trySend(one()), 'no slot is free')
  const message = writer.claim()
  demand(message !== undefined, 'no slot is free to claim')
  Object.assign(message as object, one())
  writer.commit()
  writer.claim()
  writer.abort()
  ask('drain', crashPoints.committed)
  const number = intend(6)
  const batch = Array.from({ length: 3 }, (_, index) => numbered(0, number + index))
  crashPoints.intended = number + 2
  demand(writer.trySendBatch(batch) === 3, 'no slots are free for a batch')
  crashPoints.intended = number + 5
  const filled = writer.fillBatch(3, (view, index) => Object.assign(view, numbered(0, number + 3 + index)))
  demand(filled === 3, 'no slots are free to fill')
  ask('drain', crashPoints.committed)
  for (let count = 0; count < QUEUE_CAPACITY; count++) demand(writer.trySend(one()), 'a slot has got lost')
}

function take(reader: Reader): Delivery<typeof Numbered> {
  const delivery = reader.tryTake()
  if (delivery === undefined) throw new Error('there is no message')
  demand(isWhole(delivery.value), `message ${delivery.value.number} is torn`)
  return delivery
}

/** Acknowledges a message. From the next change of a slot on, it counts as committed. */
function acknowledge(delivery: Delivery<typeof Numbered>): void {
  crashPoints.intended = delivery.value.number
  delivery.ack()
}

const open = ({ name }: Stage) => openQueue(name, Numbered, { waitStrategy: 'park' })
const join = ({ name }: Stage) => joinQueue(name, Numbered, { waitStrategy: 'park' })

/** Lets the awaited event happen after a sleeper has set its mark, and before its second check and its sleep. */
function whenMarked(happen: () => void): void {
  crashPoints.onStore = (store) => {
    if (store === 'setBits') happen()
  }
}

export const queueRoles = {
  async 'queue-creator'(stage: Stage) {
    using writer = createQueue(stage.name, Numbered, queueOptions)
    stage.ask('created')
    sendInEachWay(writer, stage)
  },
  async 'queue-producer'(stage: Stage) {
    using writer = await join(stage)
    sendInEachWay(writer, stage)
  },
  async 'queue-waiting-producer'(stage: Stage) {
    using writer = await join(stage)
    for (let count = 0; count < QUEUE_CAPACITY; count++) writer.trySend(numbered(0, stage.intend(1)))
    whenMarked(() => stage.ask('drain', crashPoints.committed))
    await writer.send(numbered(0, stage.intend(1)))
    await writer.flush()
  },
  /** Sends three messages and takes back the first two. Each message that was taken back counts as one more that is committed. */
  async 'queue-recaller'(stage: Stage) {
    using writer = await join(stage)
    const number = stage.intend(SENT)
    const batch = Array.from({ length: SENT }, (_, index) => numbered(0, number + index))
    demand(writer.trySendBatch(batch) === SENT, 'no slots are free')
    const channel = Channel.open(queueShape, stage.name, undefined)
    const { control } = channel
    const producer = 1 // 0 is another one
    const recall = new MessageRecall(control, producer)
    for (const slot of [0, 1]) {
      crashPoints.intended++
      const index = control.slotIndex(producer, slot)
      demand(recall.takeBack(index, control.wordOf(index)), 'nobody has taken the message, and it cannot be taken back')
    }
    channel.close()
  },
  /** Takes 1 to 9 in turn, and ends each in another way. */
  async 'queue-consumer'(stage: Stage) {
    const reader = await open(stage)
    acknowledge(take(reader))
    acknowledge(take(reader))
    demand(
      reader.poll(({ number }) => {
        crashPoints.intended = number
      }, 1) === 1,
      'there is no message to poll',
    )
    take(reader).retry()
    take(reader).reject('on purpose')
    for (const letter of reader.deadLetters()) letter.resend()
    take(reader)
    const held = take(reader)
    held.retry({ delayMs: 5 })
    take(reader)
    await reader.close()
  },
  async 'queue-waiting-consumer'(stage: Stage) {
    const reader = await open(stage)
    whenMarked(() => stage.ask('send', 1))
    for (let count = 0; count < 3; count++) {
      const delivery = await reader.take()
      if (delivery !== undefined) acknowledge(delivery)
    }
    await reader.close()
  },
  /** Cleans up after a consumer that has died before. */
  async 'queue-recoverer'(stage: Stage) {
    const reader = await open(stage)
    take(reader)
    take(reader)
    await reader.close()
  },
  /** Cleans up after a consumer that dies meanwhile. */
  async 'queue-watcher'(stage: Stage) {
    const reader = await open(stage)
    stage.ask('dead')
    demand(await reader.ready(), 'nothing is there')
    take(reader)
    take(reader)
    await reader.close()
  },
  async 'queue-dead-consumer'(stage: Stage) {
    const reader = await open(stage)
    take(reader)
    take(reader)
    crashPoints.die('with two messages')
  },
  async 'queue-loner'(stage: Stage) {
    using writer = createQueue(stage.name, Numbered, queueOptions)
    const reader = await openQueue(stage.name, Numbered)
    for (let count = 0; count < 3; count++) demand(writer.trySend(numbered(0, stage.intend(1))), 'no slot is free')
    take(reader).ack()
    take(reader).retry()
    await reader.close()
  },
}
