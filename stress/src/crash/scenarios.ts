/**
 * The scenario of each role: which processes exist before, what the victim does, and what survivors and newcomers must find.
 * The streams have so few slots that a newcomer can take only the victim's slot.
 */
import { setImmediate } from 'node:timers/promises'
import { openRegionSync, openStream } from '@memlane/consumer'
import { SharedMemory } from '@memlane/core'
import { type CreateStreamOptions, createRegion, createStream, joinStream, type StreamWriter } from '@memlane/producer'
import { callScenarios } from './call-scenarios.js'
import { latestScenarios } from './latest-scenarios.js'
import { CAPACITY, Numbered, numbered, regions, regionValue } from './message.js'
import { queueScenarios } from './queue-scenarios.js'
import { Receiver } from './receiver.js'
import type { Outcome, ScenarioRun } from './scenario-run.js'
import { HUNG_MS, within } from './time-limit.js'

/** The number of messages of a newcomer: more than one lap of the lane. */
const NEW = 12
/** A lane always holds at least this many messages, beside a batch of three and the padding at the end of a lap. */
const HELD = 3

type Scenario = (run: ScenarioRun) => Promise<Outcome>

const forever = { from: 'oldest', endOn: 'never', waitStrategy: 'park', timeoutMs: HUNG_MS } as const

function create(run: ScenarioRun, options: CreateStreamOptions): StreamWriter<typeof Numbered> {
  return run.keep(createStream(run.name, Numbered, { capacity: CAPACITY, ...options }))
}

const open = async ({ name }: ScenarioRun, endOn: 'never' | 'died' = 'never') =>
  openStream(name, Numbered, { ...forever, endOn })

/** Sends the messages from `first` to `last`, and waits for room. */
async function send(writer: StreamWriter<typeof Numbered>, lane: number, first: number, last: number): Promise<void> {
  for (let number = first; number <= last; number++) {
    await writer.send(numbered(lane, number), { timeoutMs: HUNG_MS })
  }
}

/** A newcomer takes up the victim's lane after its last message. */
async function carryOn(run: ScenarioRun, receiver: Receiver, lane: number, committed: number): Promise<number> {
  using newcomer = await joinStream(run.name, Numbered, { lane, timeoutMs: HUNG_MS })
  const last = committed + NEW
  await send(newcomer, lane, committed + 1, last)
  await receiver.until(lane, last)
  if (newcomer.sent !== last) throw new Error(`the lane counts ${newcomer.sent} messages of ${last}`)
  return last
}

/** Waits until the consumer has received all messages up to that number, has released the room, and sleeps. */
async function drain(receiver: Receiver, lane: number, number: number): Promise<void> {
  await receiver.until(lane, number)
  await setImmediate()
  await setImmediate()
}

const producing =
  (others: 'none' | 'a producer' | 'a dead producer'): Scenario =>
  async (run) => {
    const lane = others === 'a producer' ? 1 : 0
    const creator = create(run, { maxProducers: lane + 1, maxConsumers: 1 })
    const receiver = run.keep(new Receiver(await open(run)))
    if (lane === 0) creator.close()
    const before = others === 'a dead producer' ? (await run.crashBefore('dead-producer')).committed : 0
    const outcome = await run.crash('producer', { lane, first: before + 1 }, (_, number) => {
      return drain(receiver, lane, number)
    })
    await receiver.until(lane, outcome.committed)
    const last = await carryOn(run, receiver, lane, outcome.committed)
    receiver.checkAll(lane, 1, last)
    if (lane === 1) {
      await send(creator, 0, 1, NEW)
      await receiver.until(0, NEW)
      receiver.checkAll(0, 1, NEW)
    }
    return outcome
  }

const overwriting =
  (overflow: 'wait' | 'overwrite'): Scenario =>
  async (run) => {
    create(run, { maxProducers: 2, maxConsumers: 1, overflow })
    const early = overflow === 'overwrite' ? run.keep(new Receiver(await open(run))) : undefined
    const outcome = await run.crash('overwriting-producer', { lane: 1 })
    const receiver = early ?? run.keep(new Receiver(await open(run)))
    await receiver.until(1, outcome.committed)
    const last = await carryOn(run, receiver, 1, outcome.committed)
    if (overflow === 'overwrite') receiver.checkCounted(1, last, last)
    else receiver.checkLatest(1, NEW + Math.min(outcome.committed, HELD), last)
    return outcome
  }

const consuming =
  (role: 'consumer' | 'waiting-consumer', overflow: 'wait' | 'overwrite', predecessor?: 'dead-consumer'): Scenario =>
  async (run) => {
    const writer = create(run, { maxProducers: 1, maxConsumers: 2, overflow })
    const survivor = run.keep(new Receiver(await open(run, 'died')))
    let sent = 0
    const sendMore = async (count: number) => {
      await send(writer, 0, sent + 1, sent + count)
      sent += count
    }
    await sendMore(3)
    if (predecessor !== undefined) await run.crashBefore(predecessor)
    const outcome = await run.crash(role, {}, (_, number) => sendMore(number))
    await sendMore(2 * NEW)
    await survivor.until(0, sent)
    const newcomer = run.keep(new Receiver(await open(run, 'died')))
    await sendMore(NEW)
    writer.close()
    for (const receiver of [survivor, newcomer]) {
      await within('the end', receiver.over)
      if (receiver.reader.end !== 'closed') throw new Error(`the stream's end is ${receiver.reader.end}`)
    }
    if (overflow === 'overwrite') {
      survivor.checkCounted(0, sent, sent)
      newcomer.checkCounted(0, NEW, sent)
    } else {
      survivor.checkAll(0, 1, sent)
      newcomer.checkLatest(0, NEW, sent)
    }
    return outcome
  }

const updating =
  (kind: keyof typeof regions): Scenario =>
  async (run) => {
    const layout = regions[kind]
    run.keep(createRegion(run.name, layout, { value: regionValue(0) }))
    const reader = run.keep(openRegionSync(run.name, layout))
    const check = (number: number, value = reader.snapshot()) => {
      const { body } = regionValue(number)
      if (value?.number === number && Buffer.compare(value.body, body) === 0) return
      throw new Error(`the region holds ${value?.number}, or a torn ${number}`)
    }
    const outcome = await run.crash(`region-${kind}`)
    const dead = /^(before storeAfterWrites|after storeBeforeWrites)/.test(outcome.where)
    const value = reader.snapshot()
    // A counter does not show a death inside an update, but everything is written by then.
    if (dead && kind === 'counter') check(outcome.committed + 1, value)
    else if (!dead) check(outcome.committed, value)
    else if (value !== undefined) throw new Error(`a snapshot of an update that was never finished: ${value.number}`)
    const newcomer = run.keep(createRegion(run.name, layout, { existing: 'join' }))
    newcomer.write(regionValue(100))
    check(100)
    newcomer.update((view) => Object.assign(view, { number: 101, body: regionValue(101).body }))
    check(101)
    return outcome
  }

export const scenarios = {
  creator: async (run) => {
    const opened = open(run)
    opened.catch(() => {}) // `within` gets the error
    let receiver: Receiver | undefined
    const listen = async () => {
      receiver ??= run.keep(new Receiver(await within('the stream', opened)))
      return receiver
    }
    const outcome = await run.crash('creator', {}, async (word, number) => {
      const listening = await listen()
      if (word === 'drain') await drain(listening, 0, number)
    })
    const options = { capacity: CAPACITY, maxProducers: 1, maxConsumers: 1, existing: 'join' } as const
    const newcomer = createStream(run.name, Numbered, options)
    const survivor = await listen()
    const last = outcome.committed + NEW
    await send(newcomer, 0, outcome.committed + 1, last)
    await survivor.until(0, last)
    survivor.checkAll(0, 1, last)
    newcomer.close()
    return outcome
  },
  producer: producing('none'),
  'further-producer': producing('a producer'),
  'taker-over': producing('a dead producer'),
  'producer-without-consumer': overwriting('wait'),
  'overwriting-producer': overwriting('overwrite'),
  'waiting-producer': async (run) => {
    create(run, { maxProducers: 2, maxConsumers: 1 })
    const reader = run.keep(await open(run))
    let receiver: Receiver | undefined
    const listen = () => {
      receiver ??= run.keep(new Receiver(reader))
      return receiver
    }
    const outcome = await run.crash('waiting-producer', { lane: 1 }, (_, number) => drain(listen(), 1, number))
    await listen().until(1, outcome.committed)
    const last = await carryOn(run, listen(), 1, outcome.committed)
    listen().checkAll(1, 1, last)
    return outcome
  },
  'closing-producer': async (run) => {
    const creator = create(run, { maxProducers: 2, maxConsumers: 1 })
    const reader = run.keep(await open(run, 'died'))
    const first = run.keep(new Receiver(reader))
    const outcome = await run.crash('closing-producer', { lane: 1 }, () => creator.close())
    creator.close()
    await within('the end', first.over)
    first.checkAll(1, 1, outcome.committed)
    if (reader.end !== 'closed' && !(reader.end === 'died' && outcome.died)) {
      throw new Error(`the stream's end is ${reader.end}`)
    }
    using newcomer = await joinStream(run.name, Numbered, { lane: 1, timeoutMs: HUNG_MS })
    const second = run.keep(new Receiver(reader))
    await send(newcomer, 1, outcome.committed + 1, outcome.committed + NEW)
    await second.until(1, outcome.committed + NEW)
    second.checkAll(1, outcome.committed + 1, outcome.committed + NEW)
    return outcome
  },
  consumer: consuming('consumer', 'wait'),
  'overwriting-consumer': consuming('consumer', 'overwrite'),
  'waiting-consumer': consuming('waiting-consumer', 'wait'),
  'consumer-after-a-dead-one': consuming('consumer', 'wait', 'dead-consumer'),
  evictor: async (run) => {
    const creator = create(run, { maxProducers: 2, maxConsumers: 1 })
    await send(creator, 0, 1, 1)
    await run.crashBefore('dead-consumer')
    const outcome = await run.crash('evicting-producer', { lane: 1 })
    const receiver = run.keep(new Receiver(await open(run)))
    await receiver.until(1, outcome.committed)
    const last = await carryOn(run, receiver, 1, outcome.committed)
    receiver.checkLatest(1, NEW + Math.min(outcome.committed, HELD), last)
    return outcome
  },
  /** One process is the only producer and consumer. The next process that lists memory finds what is left. */
  loner: async (run) => {
    const outcome = await run.crash('loner')
    SharedMemory.list()
    run.checkNothingLeft()
    const newcomer = create(run, { maxProducers: 1, maxConsumers: 1 })
    const receiver = run.keep(new Receiver(await open(run)))
    await send(newcomer, 0, 1, NEW)
    await receiver.until(0, NEW)
    receiver.checkAll(0, 1, NEW)
    return outcome
  },
  'region-creator': async (run) => {
    const outcome = await run.crash('region-creator')
    SharedMemory.list()
    run.checkNothingLeft()
    const region = run.keep(createRegion(run.name, regions.sequence, { value: regionValue(1) }))
    if (region.view.number !== 1) throw new Error(`the region holds ${region.view.number}`)
    return outcome
  },
  'region-sequence': updating('sequence'),
  'region-pair': updating('pair'),
  'region-counter': updating('counter'),
  ...latestScenarios,
  ...queueScenarios,
  ...callScenarios,
} satisfies Record<string, Scenario>

export type Role = keyof typeof scenarios
