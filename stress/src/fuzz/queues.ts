/**
 * Queues on plain memory. A case changes the bytes of a correct queue, then takes it up, fills, takes, gives back and counts, and changes it
 * again meanwhile. Whatever the bytes, messages lie inside their slots, each call ends, and only LayoutErrors are thrown.
 */

import { LayoutError } from '@memlane/protocol'
import {
  figuresOf,
  giveBackOf,
  isSettled,
  joinConsumers,
  leaveConsumers,
  newChannelHeader,
  ProducerPlace,
  QueueControl,
  QueueTaker,
  queueShape,
  readChannelHeader,
  reasonIn,
  SlotWriter,
  writeChannelHeader,
} from '@memlane/protocol/internal'
import { oneOf, type Random, randomFrom } from '@memlane/testing/random'
import { below, hostileWord, scribble } from './mutation.js'
import { Event, events } from './payloads.js'
import { sizeOf } from './size-of.js'

const PRODUCERS = 2
const CONSUMERS = 2
const CAPACITY = 8
/** A message is at most as long as the longest of `events`. */
const LENGTH = Math.max(...events.map((event) => Event.measure(event)))
const STEPS = 24
const RETURNS = ['counts', 'free', 'rejects', 'resends'] as const

const fields = {
  ...{ capacity: CAPACITY, maxMessageLength: LENGTH, maxProducers: PRODUCERS, maxConsumers: CONSUMERS },
  ...{ maxDeliveries: 3, maxDeadLetters: 2, maxProcessingMs: 0 },
}
const schema = new TextEncoder().encode('{}')
const header = newChannelHeader(queueShape, fields, schema, new Uint8Array(16).fill(7))
const buffer = new ArrayBuffer(header.length)
const bytes = new Uint8Array(buffer)
const clock = () => 1000

/** A correct queue with messages of each kind. */
const original = originalOf()

function originalOf(): Uint8Array {
  writeChannelHeader(buffer, queueShape, header, schema)
  const control = new QueueControl(buffer, header)
  joinConsumers(control, 0)
  const taker = new QueueTaker(control, 0, 1, clock)
  const random = randomFrom(1)
  for (let producer = 0; producer < PRODUCERS; producer++) {
    new ProducerPlace(control, producer)
    const writer = new SlotWriter(control, producer, clock, '')
    for (let count = 0; count < 60; count++) {
      send(writer, random)
      if (random() < 0.8) end(control, taker.take(), taker.taken, random)
    }
  }
  return bytes.slice()
}

function send(writer: SlotWriter, random: Random): void {
  const message = oneOf(random, events)
  const offset = writer.claim(Event.measure(message))
  if (offset !== -1) writer.commit(Event.encode(writer.data, offset, message))
}

/** Ends a delivery in some way. */
function end(control: QueueControl, index: number, taken: number, random: Random): void {
  if (index === -1) return
  if (random() < 0.6) control.acknowledge(index, taken)
  else
    control.giveBack(index, taken, {
      as: oneOf(random, RETURNS),
      notBefore: oneOf(random, [0, 999, 2000]),
      reason: 'so',
    })
}

/** Reads a message. It must lie in its slot. */
function read(control: QueueControl, index: number): number {
  const length = control.lengthOf(index)
  const offset = control.payloadOf(index)
  const isInside = length <= LENGTH && offset >= 0 && offset + length <= buffer.byteLength
  if (!isInside) throw new Error(`a message of ${length} bytes at ${offset}`)
  try {
    return sizeOf(Event.decode(control.data, offset, length)) >= 0 ? 1 : 0
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error
    return 0
  }
}

/** Plays one case. Returns how many messages were read. */
export function runQueue(random: Random): number {
  bytes.set(original)
  scribble(random, bytes.subarray(random() < 0.1 ? 0 : 128), 12, [CAPACITY, 60, LENGTH])
  if (random() < 0.2) readChannelHeader(buffer, header.length, queueShape)
  const control = new QueueControl(buffer, header)
  if (random() < 0.3) {
    const double = Math.floor((random() * buffer.byteLength) / 8)
    control.doubles[double] = oneOf(random, [Number.NaN, Infinity, -1, 2 ** 53, 2 ** 24 + 1, 1e300, 0.5])
  }
  let messages = 0
  const producer = below(random, PRODUCERS)
  const consumer = below(random, CONSUMERS)
  new ProducerPlace(control, producer)
  const writer = new SlotWriter(control, producer, clock, '')
  giveBackOf(
    control,
    consumer,
    () => random() < 0.9,
    (index, word) => control.giveUp(index, word),
  )
  joinConsumers(control, consumer)
  const taker = new QueueTaker(control, consumer, 1, clock)
  for (let step = 0; step < STEPS; step++) {
    const choice = random()
    if (choice < 0.3) send(writer, random)
    else if (choice < 0.7) {
      taker.isThere()
      const index = taker.take()
      if (index === -1) continue
      messages += read(control, index)
      end(control, index, taker.taken, random)
    } else if (choice < 0.8) {
      const index = taker.takeDead(below(random, CAPACITY))
      if (index === -1) continue
      reasonIn(control.data, control.noteOf(index), below(random, 10))
      taker.numberAt(index)
      end(control, index, taker.taken, random)
    } else if (choice < 0.85) control.dropDead(producer)
    else if (choice < 0.9) {
      const { ready, taken, delayed, dead } = figuresOf(control, clock())
      const total = ready + taken + delayed + dead
      if (!(total >= 0 && total <= PRODUCERS * CAPACITY)) throw new Error(`${total} messages`)
      writer.holdsBefore(hostileWord(random), isSettled)
    } else scribble(random, bytes.subarray(128), 3, [CAPACITY, 60, LENGTH])
  }
  leaveConsumers(control, consumer)
  return messages
}
