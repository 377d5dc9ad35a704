/**
 * Calls on plain memory. A case changes the bytes of a correct channel, then takes up a client's and a server's place, calls, takes, answers, gives
 * up and recovers, and changes the bytes again meanwhile. Whatever the bytes, requests, answers and parts lie inside their slots, each
 * call ends, and only LayoutErrors are thrown.
 */

import { api, call, LayoutError, payload, stream } from '@memlane/protocol'
import {
  ANSWERED,
  CallControl,
  CallWriter,
  callShape,
  encodeDescriptor,
  FAILED,
  FREE,
  forEachPart,
  giveBackOf,
  joinConsumers,
  kindOf,
  leaveConsumers,
  loadSlot,
  newChannelHeader,
  PART,
  PART_HEADER_LENGTH,
  ProducerPlace,
  partLength,
  proceduresIn,
  putPartHeader,
  QueueTaker,
  readChannelHeader,
  withKindOf,
  writeChannelHeader,
} from '@memlane/protocol/internal'
import { oneOf, type Random, randomFrom } from '@memlane/testing/random'
import { decodeError } from '../../../packages/producer/src/remote-error.js'
import { below, hostileWord, scribble } from './mutation.js'
import { Event, events } from './payloads.js'
import { sizeOf } from './size-of.js'

const CLIENTS = 2
const SERVERS = 2
const CAPACITY = 64
/** Requests, answers and parts are at most as long as the longest of `events`. */
const LENGTH = Math.max(...events.map((event) => Event.measure(event)))
const ANSWER_LENGTH = 2 * partLength(LENGTH) + 224
const STEPS = 32
const NEAR = [CAPACITY, 60, LENGTH, ANSWER_LENGTH]

const { descriptor } = api('Events', {
  plain: call(Event, Event, { idempotent: true }),
  parts: call(Event, stream(Event)),
  other: call(payload.json(), payload.json()),
})
const schema = encodeDescriptor(descriptor)
const fields = {
  ...{ capacity: CAPACITY, maxRequestLength: LENGTH, maxAnswerLength: ANSWER_LENGTH },
  ...{ maxClients: CLIENTS, maxServers: SERVERS },
}
const header = newChannelHeader(callShape, fields, schema, new Uint8Array(16).fill(7))
const buffer = new ArrayBuffer(header.length)
const bytes = new Uint8Array(buffer)
const error = new TextEncoder().encode('{"name":"RangeError","message":"so","code":7,"data":[1]}')
const clock = () => 1000

/** A correct channel with calls of each kind. */
const original = originalOf()

function originalOf(): Uint8Array {
  writeChannelHeader(buffer, callShape, header, schema)
  const control = new CallControl(buffer, header)
  joinConsumers(control, 0)
  const taker = new QueueTaker(control, 0, 1, clock)
  const random = randomFrom(1)
  for (let client = 0; client < CLIENTS; client++) {
    new ProducerPlace(control, client)
    const writer = new CallWriter(control, client)
    for (let count = 0; count < 100; count++) {
      begin(control, writer, random)
      if (random() < 0.8) end(control, taker.take(), taker.taken, random)
      if (random() < 0.5) look(control, writer, random)
    }
  }
  return bytes.slice()
}

/** A client begins a call. */
function begin(control: CallControl, writer: CallWriter, random: Random): void {
  const slot = writer.claim()
  if (slot === -1) return
  const request = oneOf(random, events)
  Event.measure(request)
  const length = Event.encode(control.data, control.requestOf(writer.indexOf(slot)), request)
  writer.publish(slot, below(random, 3), length, oneOf(random, [0, 999, 2000]))
}

/** A server reads a request, and ends the call in some way. Returns how many values were read. */
function end(control: CallControl, index: number, taken: number, random: Random): number {
  if (index === -1) return 0
  const count = read(control, control.requestOf(index), () => control.requestLengthOf(index), LENGTH)
  control.procedureOf(index)
  control.deadlineOf(index)
  const at = control.answerOf(index)
  const choice = random()
  const value = oneOf(random, events)
  const most = Event.measure(value)
  if (choice < 0.4) control.answer(index, taken, below(random, 4), Event.encode(control.data, at, value))
  else if (choice < 0.6) {
    const length = Event.encode(control.data, at + PART_HEADER_LENGTH, value)
    putPartHeader(control.data, at, length)
    control.handOver(index, taken, partLength(most))
  } else if (choice < 0.7) {
    bytes.set(error, at)
    control.answer(index, taken, FAILED, error.length)
  } else if (choice < 0.8)
    control.giveUp(
      index,
      below(random, 32),
      () => true,
      (procedure) => procedure === 0,
    )
  else if (choice < 0.85) control.freeAbandoned(index, taken)
  control.announceDone(index)
  return count
}

/** A client looks at a slot of its own, and goes on with it. Returns how many values were read. */
function look(control: CallControl, writer: CallWriter, random: Random): number {
  const slots = [below(random, CAPACITY)]
  if (writer.hasDone() && random() < 0.5) writer.forEachDone((slot) => slots.push(slot))
  let count = 0
  for (const slot of slots) {
    if (slot >= CAPACITY) throw new Error(`slot ${slot} is done`)
    const index = writer.indexOf(slot)
    const word = loadSlot(control.words, index)
    const kind = kindOf(word)
    if (kind === PART) {
      count += readParts(control, index)
      if (random() < 0.7) control.leave(index, withKindOf(word, PART), 2)
    } else if (kind === ANSWERED) {
      if (control.statusOf(index) === FAILED) count += readError(control, index)
      else count += read(control, control.answerOf(index), () => control.answerLengthOf(index), ANSWER_LENGTH)
    }
    if (random() < 0.3) control.cancel(index)
    if (writer.takesOf(slot) < 0) throw new Error('fewer than no takes')
    writer.vacate(slot)
  }
  return count
}

/** Reads a request or an answer. It must lie in its slot. */
function read(control: CallControl, offset: number, lengthOf: () => number, most: number): number {
  return unlessRefused(() => {
    const length = lengthOf()
    checkInside(offset, length, most)
    return sizeOf(Event.decode(control.data, offset, length)) >= 0 ? 1 : 0
  })
}

function readParts(control: CallControl, index: number): number {
  return unlessRefused(() => {
    const length = control.answerLengthOf(index)
    const first = control.answerOf(index)
    checkInside(first, length, ANSWER_LENGTH)
    let count = 0
    forEachPart(control.data, first, length, (offset, partBytes) => {
      if (offset < first || offset + partBytes > first + length) throw new Error(`a part of ${partBytes} at ${offset}`)
      count += unlessRefused(() => (sizeOf(Event.decode(control.data, offset, partBytes)) >= 0 ? 1 : 0))
    })
    return count
  })
}

function readError(control: CallControl, index: number): number {
  return unlessRefused(() => {
    const length = control.answerLengthOf(index)
    const { name, message } = decodeError(
      'plain',
      bytes.slice(control.answerOf(index), control.answerOf(index) + length),
    )
    if (typeof name !== 'string' || typeof message !== 'string') throw new Error('an error without text')
    return 1
  })
}

function checkInside(offset: number, length: number, most: number): void {
  const isInside = length <= most && offset >= 0 && offset + length <= buffer.byteLength
  if (!isInside) throw new Error(`${length} bytes at ${offset}`)
}

function unlessRefused(read: () => number): number {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error
    return 0
  }
}

/** Plays one case. Returns how many values were read. */
export function runCall(random: Random): number {
  if (random() < 0.2) return runProcedures(random)
  bytes.set(original)
  scribble(random, bytes.subarray(random() < 0.1 ? 0 : 128), 24, NEAR)
  if (random() < 0.2) readChannelHeader(buffer, header.length, callShape)
  const control = new CallControl(buffer, header)
  if (random() < 0.3) {
    const double = Math.floor((random() * buffer.byteLength) / 8)
    control.doubles[double] = oneOf(random, [Number.NaN, Infinity, -1, 2 ** 53, 2 ** 24 + 1, 1e300, 0.5])
  }
  const client = below(random, CLIENTS)
  const server = below(random, SERVERS)
  const ring = (other: number) => {
    if (!(other >= 0 && other < 32)) throw new Error(`server ${other} is to be rung`)
  }
  const isDead = () => random() < 0.9
  const giveUp = (index: number) => control.giveUp(index, server, isDead, (procedure) => procedure === 0)
  control.cleanUpAfter(client, isDead, ring)
  control.clearDone(client)
  new ProducerPlace(control, client)
  const writer = new CallWriter(control, client)
  giveBackOf(control, server, isDead, giveUp)
  joinConsumers(control, server)
  const taker = new QueueTaker(control, server, 1, clock)
  let values = 0
  for (let step = 0; step < STEPS; step++) {
    const choice = random()
    if (choice < 0.25) begin(control, writer, random)
    else if (choice < 0.5) {
      taker.isThere()
      values += end(control, taker.take(), taker.taken, random)
    } else if (choice < 0.75) values += look(control, writer, random)
    else if (choice < 0.8) giveBackOf(control, server, isDead, giveUp)
    else if (choice < 0.85) control.cleanUpAfter(below(random, CLIENTS), isDead, ring)
    else if (choice < 0.9) {
      const index = writer.indexOf(below(random, CAPACITY))
      control.words[index] = hostileWord(random)
      if (kindOf(loadSlot(control.words, index)) === FREE) writer.hasVacant()
    } else scribble(random, bytes.subarray(128), 3, NEAR)
  }
  leaveConsumers(control, server)
  return values
}

/** Changes the description of an API, and reads it. */
function runProcedures(random: Random): number {
  const changed = schema.slice(0, random() < 0.1 ? below(random, schema.length + 1) : schema.length)
  if (random() < 0.9) scribble(random, changed, 2)
  const { procedures } = proceduresIn(changed, 0)
  for (const { name, streams, idempotent } of procedures) {
    const isRight = typeof name === 'string' && typeof streams === 'boolean' && typeof idempotent === 'boolean'
    if (!isRight || (streams && idempotent)) throw new Error(`accepted procedure ${name}`)
  }
  return procedures.length
}
