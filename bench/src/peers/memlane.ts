/**
 * The streams of memlane. A variant is the way of sending and receiving (memlane-messages.ts), then, after a comma, the wait
 * strategy of both sides: `spin`, `park`, or `adaptive`, which is the default.
 */

import { openStream } from '@memlane/consumer'
import { type CreateStreamOptions, createStream } from '@memlane/producer'
import { BEGIN, Content, END } from '../roles/content.js'
import { watchGarbage } from '../roles/garbage.js'
import { produce } from '../roles/produce.js'
import type { Role, Roles } from '../roles/roles.js'
import { measureRoundTrips } from '../roles/round-trips.js'
import { type Spoke, startProcess } from '../roles/spoke.js'
import { Stopwatch } from '../roles/stopwatch.js'
import { Tally } from '../roles/tally.js'
import { work } from '../roles/work.js'
import { type Direction, directionOf, type Trial, type Workload } from '../trial.js'
import { type Conversation, conversation } from './memlane-conversation.js'
import { IDLE_WAYS, idleHub, idleSpoke } from './memlane-idle.js'
import {
  createSender,
  openReceiver,
  type Receiver,
  type Sender,
  type StructWriter,
  structOf,
  type Way,
} from './memlane-messages.js'
import { nodePeer } from './node-peer.js'

const MOST_PRODUCERS = 64
/** One of several producers has its index in the upper bits of its messages' numbers. */
const PRODUCER_SHIFT = 28
const NUMBER_MASK = 2 ** PRODUCER_SHIFT - 1
/** The variants that are measured by default with payloads other than 32 bytes. */
const FOR_LARGE: Readonly<Partial<Record<Workload, readonly string[]>>> = {
  throughput: ['in place', 'in place, spin', 'bytes in place', 'bytes set and copyTo', 'bytes'],
  capacity: ['in place', 'bytes set and copyTo'],
  'round-trip': ['in place, spin'],
}
const WAITS = ['adaptive', 'park', 'spin'] as const
const APPEAR_TIMEOUT_MS = 60_000

export const memlane = nodePeer({
  name: 'memlane',
  summary: 'streams of @memlane/producer and @memlane/consumer',
  variants: {
    throughput: [
      ...['in place', 'in place, spin', 'in place, park', 'batch in place'],
      ...['bytes in place', 'bytes set and copyTo', 'bytes', 'objects', 'batch of objects', 'event loop'],
    ],
    'fan-out': ['in place', 'batch in place'],
    'fan-in': ['in place', 'batch in place'],
    capacity: ['in place', 'batch in place', 'bytes set and copyTo'],
    endurance: ['batch in place'],
    allocation: ['in place', 'batch in place', 'bytes in place', 'in place, overwrite'],
    'round-trip': ['in place, spin', 'in place, adaptive', 'in place, park', 'objects, spin'],
    'event-loop': ['event loop, adaptive', 'event loop, spin', 'event loop, park'],
    contended: ['event loop, adaptive', 'event loop, park', 'event loop, spin'],
    parked: ['event loop, adaptive', 'event loop, park', 'in place, park'],
    idle: IDLE_WAYS,
  },
  isWorthwhile: ({ workload, payload, variant }) => payload === 32 || FOR_LARGE[workload]?.includes(variant) === true,
  roles: {
    hub: (trial) => HUBS[directionOf(trial)](trial, nameOf(process.pid)),
    spoke: (trial, index) => SPOKES[directionOf(trial)](trial, nameOf(process.ppid), index),
  },
})

/** Makes the hub of a trial. It creates its stream before it starts the spokes, which wait for it. */
const HUBS: Readonly<Record<Direction, (trial: Trial, name: string) => ReturnType<Roles['hub']>>> = {
  async 'hub sends'(trial, name) {
    const sender = create(trial, name)
    return { spokes: startSpokes(trial), ...sending(trial, sender) }
  },
  async 'spokes send'(trial, name) {
    const spokes = startSpokes(trial)
    return { spokes, ...(await receiving(trial, name, trial.spokes)) }
  },
  async 'hub asks'(trial, name) {
    if (plan(trial).way === 'in place') {
      const writer = createWriter(trial, name)
      const spokes = startSpokes(trial)
      return { spokes, ...askingInPlace(trial, await converse(trial, writer, `${name}.replies`)) }
    }
    const requests = create(trial, name)
    const spokes = startSpokes(trial)
    return { spokes, ...(await asking(trial, requests, `${name}.replies`)) }
  },
  'nobody sends': (trial, name) => idleHub(trial, name, () => startSpokes(trial)),
}

/** Makes a spoke of a trial. */
const SPOKES: Readonly<Record<Direction, (trial: Trial, name: string, index: number) => Promise<Role>>> = {
  'hub sends': (trial, name) => receiving(trial, name, 1),
  async 'spokes send'(trial, name, index) {
    const options = { existing: 'join', maxProducers: MOST_PRODUCERS, lane: index } as const
    return sending(trial, create(trial, name, options), index << PRODUCER_SHIFT)
  },
  async 'hub asks'(trial, name) {
    return plan(trial).way === 'in place'
      ? answeringInPlace(await converse(trial, createWriter(trial, `${name}.replies`), name))
      : answering(trial, name, create(trial, `${name}.replies`))
  },
  'nobody sends': idleSpoke,
}

function startSpokes(trial: Trial): Spoke[] {
  return Array.from({ length: trial.spokes }, (_, index) => startProcess(trial, index))
}

function nameOf(hubProcess: number): string {
  return `memlane-bench-${hubProcess}`
}

function plan({ variant, payload }: Trial) {
  const [way, ...manners] = variant.split(', ') as [Way, ...string[]]
  const wait = WAITS.find((each) => manners.includes(each)) ?? 'adaptive'
  const loses = manners.includes('overwrite')
  return { way, wait, loses, content: new Content(payload) }
}

function create(trial: Trial, name: string, options: CreateStreamOptions = {}): Sender {
  const { way, wait, loses, content } = plan(trial)
  // In a conversation, both sides wait in the event loop for messages, never for room.
  const sendingWay = way === 'event loop' && trial.workload !== 'throughput' ? 'objects' : way
  const overflow = loses ? 'overwrite' : 'wait'
  return createSender(sendingWay, name, content, {
    capacity: trial.capacity,
    maxProducers: 1,
    waitStrategy: wait,
    overflow,
    ...options,
  })
}

function open(trial: Trial, name: string, take: (sequence: number) => boolean): Promise<Receiver> {
  const { way, wait, content } = plan(trial)
  return openReceiver(way, name, content, take, { waitStrategy: wait, timeoutMs: APPEAR_TIMEOUT_MS })
}

/** @param base the number added to each message's number */
function sending(trial: Trial, { send, close }: Sender, base = 0): Role {
  return { run: () => produce(trial, (first, count) => send(first < BEGIN ? base + first : first, count)), close }
}

async function receiving(trial: Trial, name: string, producers: number): Promise<Role> {
  const { way, loses } = plan(trial)
  const tally = new Tally(producers, loses)
  const takeOne = (sequence: number) => {
    tally.take(0, sequence)
    return !tally.ended
  }
  const takeOneOfSeveral = (sequence: number) => {
    if (sequence < BEGIN) tally.take(sequence >>> PRODUCER_SHIFT, sequence & NUMBER_MASK)
    else tally.take(0, sequence)
    return !tally.ended
  }
  const receiver = await open(trial, name, producers === 1 ? takeOne : takeOneOfSeveral)
  return {
    close: receiver.close,
    async run() {
      if (way === 'event loop') {
        await receiver.forEach()
        return tally.report
      }
      while (!tally.begun) receive(receiver)
      const garbageSince = trial.workload === 'allocation' ? await watchGarbage() : undefined
      while (!tally.ended) receive(receiver)
      const garbage = await garbageSince?.()
      return { ...tally.report, ...(garbage && { garbage }) }
    },
  }
}

/** Takes the messages that are there, or blocks until there is one. */
function receive(receiver: Receiver, limit?: number): void {
  if (receiver.poll(limit) === 0) receiver.readySync()
}

function createWriter(trial: Trial, name: string): StructWriter {
  const { wait, content } = plan(trial)
  return createStream(name, structOf(content), { capacity: trial.capacity, maxProducers: 1, waitStrategy: wait })
}

async function converse(trial: Trial, writer: StructWriter, peersName: string): Promise<Conversation> {
  const { wait, content } = plan(trial)
  const reader = await openStream(peersName, structOf(content), { waitStrategy: wait, timeoutMs: APPEAR_TIMEOUT_MS })
  return conversation(writer, reader, content, wait === 'spin')
}

function askingInPlace(trial: Trial, { say, hear, close }: Conversation): Role {
  const ask = (sequence: number) => {
    say(sequence)
    const answer = hear()
    if (answer !== sequence) throw new Error(`answer ${answer} came to question ${sequence}`)
    return undefined
  }
  return {
    close,
    async run() {
      const report = await measureRoundTrips(trial, ask)
      ask(END)
      return report
    },
  }
}

function answeringInPlace({ say, hear, close }: Conversation): Role {
  return {
    close,
    async run() {
      const stopwatch = new Stopwatch()
      for (let next = 0; ; next++) {
        const question = hear()
        say(question)
        if (question === END) return stopwatch.stop(next)
        if (question !== next) throw new Error(`question ${question} came in place of ${next}`)
      }
    },
  }
}

async function asking(trial: Trial, requests: Sender, repliesName: string): Promise<Role> {
  let answer = -1
  const take = (sequence: number) => {
    answer = sequence
    return false
  }
  const replies = await open(trial, repliesName, take)
  const ask = (sequence: number) => {
    void requests.send(sequence, 1)
    while (replies.poll(1) === 0) replies.readySync()
    if (answer !== sequence) throw new Error(`answer ${answer} came to question ${sequence}`)
    return undefined
  }
  const askInLoop = async (sequence: number) => {
    void requests.send(sequence, 1)
    const answer = await replies.receive()
    if (answer !== sequence) throw new Error(`answer ${answer} came to question ${sequence}`)
  }
  const trip = plan(trial).way === 'event loop' ? askInLoop : ask
  return {
    async run() {
      const report = await measureRoundTrips(trial, trip)
      await trip(END)
      return report
    },
    close() {
      requests.close()
      replies.close()
    },
  }
}

async function answering(trial: Trial, name: string, replies: Sender): Promise<Role> {
  let next = 0
  let ended = false
  const take = (sequence: number) => {
    if (trial.answerUs !== undefined) work(trial.answerUs)
    void replies.send(sequence, 1)
    if (sequence === next) next++
    else if (sequence === END) ended = true
    else throw new Error(`question ${sequence} came in place of ${next}`)
    return !ended
  }
  const requests = await open(trial, name, take)
  return {
    async run() {
      const stopwatch = new Stopwatch()
      if (plan(trial).way === 'event loop') await requests.forEach()
      else while (!ended) receive(requests, 1)
      return stopwatch.stop(next)
    },
    close() {
      requests.close()
      replies.close()
    },
  }
}
