import { seed } from '@memlane/testing/seed'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  announceReturn,
  DEAD,
  figuresOf,
  giveBackOf,
  joinConsumers,
  leaveConsumers,
  newChannelHeader,
  ProducerPlace,
  QueueControl,
  QueueTaker,
  queueShape,
  RETURNED,
  SlotWriter,
} from '../src/internal.js'
import { slotWord } from '../src/slots/slot-word.js'
import { HINT } from '../src/slots/slots-layout.js'

const PRODUCERS = 2
const CONSUMERS = 3
const CAPACITY = 4
const MAX_DELIVERIES = 3
const MAX_DEAD = 1
const LENGTH = 8

type State = 'ready' | 'taken' | 'returned' | 'dead' | 'gone'

/** What the reference knows of a message. */
interface Message {
  readonly id: number
  readonly producer: number
  state: State
  consumer: number
  count: number
  notBefore: number
  isRejected: boolean
}

interface Holding {
  readonly message: Message
  readonly index: number
  readonly taken: number
}

/** A queue on plain memory, and lists that it must behave like. */
class Trial {
  readonly control: QueueControl
  readonly messages: Message[] = []
  readonly writers: SlotWriter[] = []
  readonly takers: (QueueTaker | undefined)[] = Array(CONSUMERS).fill(undefined)
  readonly held: Holding[][] = Array.from({ length: CONSUMERS }, () => [])
  time = 1000

  constructor(start: number, generation: number) {
    const fields = {
      ...{ capacity: CAPACITY, maxMessageLength: LENGTH, maxProducers: PRODUCERS, maxConsumers: CONSUMERS },
      ...{ maxDeliveries: MAX_DELIVERIES, maxDeadLetters: MAX_DEAD, maxProcessingMs: 0 },
    }
    const header = newChannelHeader(queueShape, fields, new TextEncoder().encode('{}'), new Uint8Array(16))
    this.control = new QueueControl(new ArrayBuffer(header.length), header)
    const { control } = this
    for (let producer = 0; producer < PRODUCERS; producer++) {
      control.words[control.tailIndex(producer)] = start
      control.words[control.producers.slotIndex(producer) + HINT] = start
      control.forEachSlotOf(producer, (index) => {
        control.words[index] = slotWord(0, 0, generation)
      })
      this.openWriter(producer)
    }
    for (let consumer = 0; consumer < CONSUMERS; consumer++) this.join(consumer)
  }

  openWriter(producer: number): void {
    new ProducerPlace(this.control, producer)
    this.writers[producer] = new SlotWriter(this.control, producer, () => this.time, '')
  }

  join(consumer: number): void {
    joinConsumers(this.control, consumer)
    this.takers[consumer] = new QueueTaker(this.control, consumer, 4711 + consumer, () => this.time)
  }

  live(producer: number): Message[] {
    return this.messages.filter((message) => message.producer === producer && message.state !== 'gone')
  }

  /** Puts a message into a claimed slot. */
  put(writer: SlotWriter, producer: number, offset: number): void {
    const message = {
      ...{ id: this.messages.length, producer, state: 'ready' as const },
      ...{ consumer: -1, count: 0, notBefore: 0, isRejected: false },
    }
    writer.data.setUint32(offset, message.id, true)
    writer.data.setUint32(offset + 4, ~message.id, true)
    this.messages.push(message)
  }

  send(producer: number): void {
    const writer = this.writers[producer] as SlotWriter
    let offset = writer.claim(LENGTH)
    const live = this.live(producer)
    if (offset === -1) {
      expect(live.length).toBe(CAPACITY)
      const dead = live.filter(({ state }) => state === 'dead')
      expect(this.control.mayDropDead(producer)).toBe(dead.length > MAX_DEAD)
      if (!this.control.dropDead(producer)) return
      offset = writer.claim(LENGTH)
      // the clock has not moved between some sends: any of the dead letters may be the oldest
      const ids = this.idsInSlots(producer)
      const gone = dead.filter(({ id }) => !ids.has(id))
      expect(gone.length).toBe(1)
      for (const message of gone) message.state = 'gone'
    }
    expect(offset).toBeGreaterThanOrEqual(0)
    this.put(writer, producer, offset)
    writer.commit()
  }

  idsInSlots(producer: number): Set<number> {
    const ids = new Set<number>()
    this.control.forEachSlotOf(producer, (index, word) => {
      if ((word & 7) !== 0) ids.add(this.idAt(index))
    })
    return ids
  }

  sendBatch(producer: number, count: number): void {
    const writer = this.writers[producer] as SlotWriter
    writer.beginBatch()
    for (let sent = 0; sent < count; sent++) {
      const offset = writer.claim(LENGTH)
      if (offset === -1) break
      this.put(writer, producer, offset)
      writer.commit()
    }
    writer.endBatch()
  }

  /** A producer dies after it has made some slots ready, but before it has published them. */
  killProducer(producer: number, unpublished: number): void {
    const writer = this.writers[producer] as SlotWriter
    writer.beginBatch()
    for (let count = 0; count < unpublished; count++) if (writer.claim(LENGTH) !== -1) writer.commit()
    this.openWriter(producer)
  }

  idAt(index: number): number {
    const { data } = this.control
    const offset = this.control.payloadOf(index)
    const id = data.getUint32(offset, true)
    expect(data.getUint32(offset + 4, true)).toBe(~id >>> 0)
    return id
  }

  take(consumer: number): void {
    const taker = this.takers[consumer]
    if (taker === undefined) return
    const isTakeable = ({ state, notBefore }: Message) =>
      state === 'ready' || (state === 'returned' && notBefore <= this.time)
    const takeable = this.messages.filter(isTakeable)
    if (takeable.length > 0) expect(taker.isThere()).toBe(true)
    const index = taker.take()
    if (index === -1) {
      expect(takeable).toEqual([])
      return
    }
    const message = this.messages[this.idAt(index)] as Message
    expect(takeable).toContain(message)
    if (message.state === 'ready') {
      const first = takeable.find(({ state, producer }) => state === 'ready' && producer === message.producer)
      expect(message).toBe(first)
    }
    message.count++
    expect(this.control.takesOf(index, taker.taken)).toBe(message.count)
    expect(this.control.lengthOf(index)).toBe(LENGTH)
    expect(this.control.pidOf(index)).toBe(4711 + consumer)
    message.state = 'taken'
    message.consumer = consumer
    this.held[consumer]?.push({ message, index, taken: taker.taken })
  }

  /** Removes one of the messages that a consumer holds from the lists. */
  pick(consumer: number, which: number): Holding | undefined {
    const held = this.held[consumer] as Holding[]
    return held.splice(which % Math.max(1, held.length), 1)[0]
  }

  ack(consumer: number, which: number): void {
    const holding = this.pick(consumer, which)
    if (holding === undefined) return
    const isOurs = holding.message.state === 'taken' && holding.message.consumer === consumer
    expect(this.control.acknowledge(holding.index, holding.taken)).toBe(isOurs)
    if (isOurs) holding.message.state = 'gone'
    expect(this.control.acknowledge(holding.index, holding.taken)).toBe(false)
  }

  giveBack(consumer: number, which: number, as: 'counts' | 'free' | 'rejects', delay: number): void {
    const holding = this.pick(consumer, which)
    if (holding === undefined) return
    const { message, index, taken } = holding
    const notBefore = delay === 0 ? 0 : this.time + delay
    const kind = this.control.giveBack(index, taken, { as, notBefore, reason: 'a reason' })
    if (message.state !== 'taken' || message.consumer !== consumer) {
      expect(kind).toBe(undefined)
      return
    }
    if (as === 'free') message.count--
    if (as === 'rejects') message.isRejected = true
    this.putBack(message, notBefore)
    expect(kind).toBe((message.state as State) === 'dead' ? DEAD : RETURNED)
  }

  putBack(message: Message, notBefore: number): void {
    message.state = message.isRejected || message.count >= MAX_DELIVERIES ? 'dead' : 'returned'
    message.notBefore = notBefore
  }

  /** A consumer dies. Another one cleans up, and a successor joins. */
  killConsumer(consumer: number): void {
    giveBackOf(
      this.control,
      consumer,
      () => true,
      (index, word) => this.control.giveUp(index, word),
    )
    leaveConsumers(this.control, consumer)
    for (const message of this.messages) {
      if (message.state === 'taken' && message.consumer === consumer) this.putBack(message, 0)
    }
    this.held[consumer] = []
    this.join(consumer)
  }

  /** A consumer takes a message away from another, which keeps it in its list. */
  takeAway(consumer: number, which: number): void {
    const held = this.held[consumer] as Holding[]
    const holding = held[which % Math.max(1, held.length)]
    if (holding === undefined) return
    const { message, index, taken } = holding
    const isOurs = message.state === 'taken' && message.consumer === consumer && this.control.words[index] === taken
    expect(this.control.giveUp(index, taken) !== undefined).toBe(isOurs)
    announceReturn(this.control)
    if (isOurs) this.putBack(message, 0)
  }

  deadLetter(consumer: number, resends: boolean): void {
    const taker = this.takers[consumer] as QueueTaker
    const index = taker.takeDead(0)
    const dead = this.messages.filter(({ state }) => state === 'dead')
    if (index === -1) {
      expect(dead).toEqual([])
      return
    }
    const message = this.messages[this.idAt(index)] as Message
    expect(dead).toContain(message)
    if (!resends) {
      expect(this.control.acknowledge(index, taker.taken)).toBe(true)
      message.state = 'gone'
      return
    }
    const kind = this.control.giveBack(index, taker.taken, { as: 'resends', notBefore: 0, reason: '' })
    expect(kind).toBe(RETURNED)
    Object.assign(message, { state: 'returned', count: 0, isRejected: false, notBefore: 0 })
  }

  check(): void {
    const figures = figuresOf(this.control, this.time)
    const count = (test: (message: Message) => boolean) => this.messages.filter(test).length
    expect({ ...figures, dropped: 0, oldestAgeMs: 0 }).toEqual({
      ready: count(({ state, notBefore }) => state === 'ready' || (state === 'returned' && notBefore <= this.time)),
      taken: count(({ state }) => state === 'taken'),
      delayed: count(({ state, notBefore }) => state === 'returned' && notBefore > this.time),
      dead: count(({ state }) => state === 'dead'),
      dropped: 0,
      oldestAgeMs: 0,
    })
  }
}

const producer = fc.nat(PRODUCERS - 1)
const consumer = fc.nat(CONSUMERS - 1)
const which = fc.nat(7)
type Step = (trial: Trial) => void

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: producer.map((p) => (trial: Trial) => trial.send(p)) },
  {
    weight: 2,
    arbitrary: fc.tuple(producer, fc.nat(5)).map(
      ([p, n]) =>
        (trial: Trial) =>
          trial.sendBatch(p, n),
    ),
  },
  { weight: 8, arbitrary: consumer.map((c) => (trial: Trial) => trial.take(c)) },
  {
    weight: 4,
    arbitrary: fc.tuple(consumer, which).map(
      ([c, w]) =>
        (trial: Trial) =>
          trial.ack(c, w),
    ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(consumer, which, fc.constantFrom('counts', 'counts', 'free', 'rejects' as const), fc.nat(3))
      .map(
        ([c, w, as, delay]) =>
          (trial: Trial) =>
            trial.giveBack(c, w, as as 'counts', delay),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(producer, fc.nat(3)).map(
      ([p, n]) =>
        (trial: Trial) =>
          trial.killProducer(p, n),
    ),
  },
  { weight: 1, arbitrary: consumer.map((c) => (trial: Trial) => trial.killConsumer(c)) },
  {
    weight: 1,
    arbitrary: fc.tuple(consumer, which).map(
      ([c, w]) =>
        (trial: Trial) =>
          trial.takeAway(c, w),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(consumer, fc.boolean()).map(
      ([c, r]) =>
        (trial: Trial) =>
          trial.deadLetter(c, r),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(2).map((time) => (trial: Trial) => {
      trial.time += time
    }),
  },
)

describe('a queue on plain memory', () => {
  it('behaves like lists of messages, whatever its participants do, also where positions and generations wrap', () => {
    const start = fc.constantFrom(0, 0x7fff_fffd, -3)
    const generation = fc.constantFrom(0, 0xff_fffd, 0x7f_ffff)
    const property = fc.property(start, generation, fc.array(step, { maxLength: 120 }), (start, generation, steps) => {
      const trial = new Trial(start, generation)
      for (const take of steps) {
        take(trial)
        trial.check()
      }
      // At the end, everything that can be taken is.
      trial.time += 10
      for (let count = 0; count < PRODUCERS * CAPACITY; count++) trial.take(count % CONSUMERS)
      expect(trial.messages.filter(({ state }) => state === 'ready' || state === 'returned')).toEqual([])
    })
    fc.assert(property, { seed, numRuns: 500 })
  })
})
