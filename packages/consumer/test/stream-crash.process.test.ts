import { setTimeout } from 'node:timers/promises'
import { capabilities } from '@memlane/core'
import { createStream, joinStream } from '@memlane/producer'
import { uniqueName } from '@memlane/testing'
import { DeliveryCheck } from '@memlane/testing/delivery-check'
import { leftovers } from '@memlane/testing/leftovers'
import { Numbered, numbered } from '@memlane/testing/numbered-message'
import { Onlooker } from '@memlane/testing/onlooker'
import { type Reading, readings } from '@memlane/testing/readings'
import { StreamPeer } from '@memlane/testing/stream-peer'
import { untilStill } from '@memlane/testing/until-still'
import { describe, expect, it } from 'vitest'
import { openStream } from '../src/index.js'

const full = expect.objectContaining({ code: 'FULL' })

describe('a consumer that is killed while it blocks the producer', () => {
  const cases = [
    ['send', 'adaptive'],
    ['send', 'spin'],
    ['sendSync', 'park'],
    ['sendSync', 'spin'],
    ['trySend', 'adaptive'],
    ['fillBatch', 'adaptive'],
    ['claim', 'park'],
    ['claimSync', 'park'],
    ['flush', 'park'],
  ] as const
  for (const [how, wait] of cases) {
    it(`no longer blocks the producer: ${how}, ${wait}`, async () => {
      const name = uniqueName('memlane')
      await using producer = new StreamPeer()
      const { author } = await producer.call('create', name, { maxConsumers: 2, waitStrategy: wait })
      using survivor = await openStream(name, Numbered, { from: 'oldest' })
      await using victim = new StreamPeer()
      await victim.call('open', name, { from: 'oldest' })
      await expect(openStream(name, Numbered)).rejects.toThrow(full)
      const check = new DeliveryCheck()
      const read = readings.iterate(survivor, check, Infinity)
      const produced = producer.call('produce', how, 5000)
      await untilStill(() => check.count)
      expect(check.count).toBeLessThan(5000)
      await victim.kill()
      expect(await produced).toBe(5000)
      using successor = await openStream(name, Numbered)
      await producer.call('closeWriter')
      await read
      expect([survivor.end, check.authors]).toEqual(['closed', { [author]: [0, 4999] }])
      expect([await successor.receive(), successor.end]).toEqual([undefined, 'closed'])
    })
  }

  it('frees its slot at once, even if it slept in the only slot', async () => {
    const name = uniqueName('memlane')
    using producer = createStream(name, Numbered, { maxConsumers: 1, capacity: 65_536 })
    using onlooker = new Onlooker(name)
    for (let kills = 0; kills < 3; kills++) {
      await using victim = new StreamPeer()
      await victim.call('open', name)
      void victim.call('consume', kills === 1 ? 'receiveSync' : 'receive')
      await onlooker.untilAsleep('consumers')
      await expect(openStream(name, Numbered)).rejects.toThrow(full)
      await victim.kill()
      using successor = await openStream(name, Numbered)
      expect(producer.consumers).toBe(1)
      successor.close()
    }
  })
})

/** The ways of reading: each of `blocking` runs in a child, each of `inLoop` in this process. */
const blocking = [
  ['receiveSync', 'park'],
  ['receiveSync', 'spin'],
  ['pollSync', 'adaptive'],
] as const
const inLoop = [
  ['receive', 'park'],
  ['receive', 'spin'],
  ['iterate', 'adaptive'],
  ['batches', 'park'],
  ['poll', 'adaptive'],
  ['tryReceive', 'adaptive'],
] as const

const ends: Record<string, (producer: StreamPeer) => Promise<unknown>> = {
  'in the middle of a claim': (producer) => producer.last('dieInClaim'),
  'in the middle of fillBatch': (producer) => producer.last('dieInFill'),
  'in the middle of a batch': (producer) => producer.last('dieInBatch'),
  'before it rings for a message': async (producer) => {
    await producer.call('signalAt', 'SIGKILL', 'Sleepers', 'any', 'before')
    await producer.last('produce', 'send', 1)
  },
  'by process.exit()': (producer) => producer.last('exit'),
  'by an uncaught exception': (producer) => producer.last('throw'),
}

describe('a producer that dies', () => {
  it('leaves only whole messages, the end "died", and a lane that its successor continues', {
    timeout: 240_000,
  }, async () => {
    const name = uniqueName('memlane')
    using onlookersStream = createStream(name, Numbered, { capacity: 65_536, maxProducers: 1 })
    using onlooker = new Onlooker(name)
    const wanted = Number.POSITIVE_INFINITY
    const inside = await Promise.all(
      inLoop.map(async ([way, wait]) => {
        const reader = await openStream(name, Numbered, { from: 'oldest', waitStrategy: wait })
        const check = new DeliveryCheck()
        const consume = async () => {
          await readings[way as Reading](reader, check, wanted)
          return { end: reader.end, count: check.count, authors: check.authors }
        }
        return { consume, close: () => reader.close() }
      }),
    )
    const outside = await Promise.all(
      blocking.map(async ([way, wait]) => {
        const peer = new StreamPeer({ timeoutMs: 200_000 })
        await peer.call('open', name, { from: 'oldest', waitStrategy: wait })
        return { consume: () => peer.call('consume', way), close: () => peer.kill() }
      }),
    )
    const consumers = [...inside, ...outside]
    onlookersStream.close()
    try {
      let next = 0
      const authors: Record<number, [number, number]> = {}
      for (const [when, end] of Object.entries(ends)) {
        await using producer = new StreamPeer()
        const { author, lane, sent } = await producer.call('join', name)
        expect([lane, sent], when).toEqual([0, next])
        const consumed = consumers.map(({ consume }) => consume())
        const both = Promise.all(consumed)
        expect(await producer.call('produce', 'sendBatch', 100)).toBe(100)
        await producer.call('flush')
        await onlooker.untilAsleep('consumers', 6)
        await end(producer)
        const last = when.startsWith('before') ? 100 : 99
        authors[author] = [0, last]
        next += last + 1
        const expected = { end: 'died', count: next, authors }
        expect(await both, when).toEqual(consumers.map(() => expected))
      }
      using successor = await joinStream(name, Numbered)
      expect(successor.sent).toBe(next)
      const consumed = consumers.map(({ consume }) => consume())
      successor.close()
      expect(await Promise.all(consumed)).toEqual(consumers.map(() => ({ end: 'closed', count: next, authors })))
    } finally {
      for (const { close } of consumers) await close()
    }
  })

  it('while it is blocked leaves every message that it has sent', async () => {
    for (const how of ['send', 'sendSync', 'trySend', 'claim', 'claimSync', 'flush']) {
      const name = uniqueName('memlane')
      await using producer = new StreamPeer()
      const { author } = await producer.call('create', name, { maxProducers: 1 })
      await producer.call('produce', 'trySend', 10)
      using consumer = await openStream(name, Numbered, { from: 'oldest' })
      void producer.call('produce', how)
      if (how === 'trySend') await untilStill(() => consumer.lag())
      else {
        using onlooker = new Onlooker(name)
        await onlooker.untilAsleep('producers')
      }
      const lag = consumer.lag()
      expect(lag).toBeGreaterThan(10)
      await expect(joinStream(name, Numbered)).rejects.toThrow(full)
      await producer.kill()
      using successor = await joinStream(name, Numbered)
      expect(successor.sent).toBe(lag)
      const check = new DeliveryCheck()
      await readings.receive(consumer, check, lag)
      expect(check.authors).toEqual({ [author]: [0, lag - 1] })
      successor.close()
      expect([await consumer.receive(), consumer.end]).toEqual([undefined, 'closed'])
    }
  })

  it('does not end a consumer with endOn "closed" or "never", and its successor continues after its last message', async () => {
    const name = uniqueName('memlane')
    await using first = new StreamPeer()
    const one = await first.call('create', name)
    using patient = await openStream(name, Numbered, { from: 'oldest', endOn: 'closed' })
    using constant = await openStream(name, Numbered, { from: 'oldest', endOn: 'never', waitStrategy: 'park' })
    using onlooker = new Onlooker(name)
    const checks = [new DeliveryCheck(), new DeliveryCheck()]
    const patiently = readings.iterate(patient, checks[0] as DeliveryCheck, Infinity)
    const constantly = readings.iterate(constant, checks[1] as DeliveryCheck, 400)
    await first.call('produce', 'send', 100)
    await onlooker.untilAsleep('consumers', 2)
    await first.last('dieInClaim')
    await onlooker.untilAsleep('consumers', 2)
    await using second = new StreamPeer()
    const two = await second.call('create', name, { existing: 'join' })
    expect(two).toMatchObject({ lane: 0, sent: 100 })
    await second.call('produce', 'fillBatch', 100)
    await onlooker.untilAsleep('consumers', 2)
    await second.kill()
    await using third = new StreamPeer()
    const three = await third.call('join', name)
    expect(three).toMatchObject({ lane: 0, sent: 200 })
    await third.call('produce', 'claim', 100)
    await third.call('closeWriter')
    await patiently
    expect(patient.end).toBe('closed')
    const authors = { [one.author]: [0, 99], [two.author]: [0, 99], [three.author]: [0, 99] }
    expect(checks[0]?.authors).toEqual(authors)
    await onlooker.untilAsleep('consumers')
    await third.call('join', name)
    await third.call('become', 7)
    await third.call('produce', 'send', 100)
    await constantly
    expect(constant.end).toBeUndefined()
    expect(checks[1]?.authors).toEqual({ ...authors, 7: [0, 99] })
  })

  it('leaves the other lanes open; the stream ends with the last producer, and the end is "died"', async () => {
    const name = uniqueName('memlane')
    await using victim = new StreamPeer()
    const { author } = await victim.call('create', name)
    using other = await joinStream(name, Numbered)
    using consumer = await openStream(name, Numbered, { from: 'oldest' })
    await victim.call('produce', 'send', 10)
    await victim.last('dieInFill')
    await using third = new StreamPeer()
    expect(await third.call('join', name, { lane: 2 })).toMatchObject({ lane: 2, sent: 0 })
    await third.call('produce', 'send', 10)
    other.close()
    const check = new DeliveryCheck()
    await readings.receive(consumer, check, 20)
    expect(check.authors[author]).toEqual([0, 9])
    expect(await consumer.ready({ timeoutMs: 50 })).toBe(false)
    expect(consumer.end).toBeUndefined()
    await third.call('closeWriter')
    expect([await consumer.receive(), consumer.end]).toEqual([undefined, 'died'])
    using successor = await joinStream(name, Numbered)
    expect([successor.lane, successor.sent]).toEqual([0, 10])
    successor.close()
    expect([await consumer.receive(), consumer.end]).toEqual([undefined, 'closed'])
  })

  it('before it rings still wakes a sleeping consumer, even while another producer lives and sends nothing', async () => {
    for (const wait of ['park', 'adaptive'] as const) {
      const name = uniqueName('memlane')
      using silent = createStream(name, Numbered)
      await using victim = new StreamPeer()
      const { author } = await victim.call('join', name)
      using consumer = await openStream(name, Numbered, { waitStrategy: wait })
      using onlooker = new Onlooker(name)
      const received = consumer.receive()
      await onlooker.untilAsleep('consumers')
      await victim.call('signalAt', 'SIGKILL', 'Sleepers', 'any', 'before')
      await victim.last('produce', 'send', 1)
      expect(await received).toMatchObject({ author, own: 0 })
      expect([silent.closed, consumer.end]).toEqual([false, undefined])
    }
  })
})

describe('participants that are killed', () => {
  it('leave a name that is free at once, and no file after the name has been used again', async () => {
    const name = uniqueName('memlane')
    for (let round = 0; round < 2; round++) {
      await using producer = new StreamPeer()
      await using consumer = new StreamPeer()
      await producer.call('create', name)
      await consumer.call('open', name)
      void producer.call('produce', 'sendSync')
      void consumer.call('consume', 'receiveSync')
      await setTimeout(100)
      await Promise.all([producer.kill(), consumer.kill()])
      await expect(openStream(name, Numbered, { timeoutMs: 0 })).rejects.toThrow(
        expect.objectContaining({ code: 'TIMED_OUT' }),
      )
    }
    await using producer = new StreamPeer()
    await using consumer = new StreamPeer()
    await producer.call('create', name, { capacity: 131_072 })
    await consumer.call('open', name, { from: 'oldest' })
    void producer.call('produce', 'sendSync')
    void consumer.call('consume', 'receiveSync')
    await setTimeout(100)
    await Promise.all([producer.kill(), consumer.kill()])
    const second = createStream(name, Numbered, { capacity: 65_536 }) // a new stream, with another capacity
    expect(second.sent).toBe(0)
    const reader = await openStream(name, Numbered, { from: 'oldest' })
    expect(reader.tryReceive()).toBeUndefined()
    second.close()
    reader.close()
    expect(leftovers(name)).toEqual([])
  })

  it('leave the stream to the one that survives, even if the creator is dead', async () => {
    const name = uniqueName('memlane')
    const producer = new StreamPeer()
    await producer.call('create', name)
    const consumer = await openStream(name, Numbered)
    await producer.kill()
    using second = createStream(name, Numbered, { existing: 'join' })
    second.trySend(numbered(1, 0, 0, 0))
    expect(await consumer.receive()).toMatchObject({ author: 1 })
    consumer.close()
    second.close()
    expect(leftovers(name)).toEqual([])
  })
})

const stops = capabilities.namespace === 'posix'
describe.runIf(stops)('a participant that is stopped', () => {
  it('blocks the producer if it is a consumer, keeps its slot, and then continues where it was', async () => {
    const name = uniqueName('memlane')
    await using producer = new StreamPeer()
    const { author } = await producer.call('create', name, { maxConsumers: 1 })
    await using consumer = new StreamPeer()
    await consumer.call('open', name)
    const consumed = consumer.call('consume', 'iterate')
    await producer.call('produce', 'sendSync', 1000)
    consumer.child.kill('SIGSTOP')
    const produced = producer.call('produce', 'sendSync', 5000)
    using onlooker = new Onlooker(name)
    await onlooker.untilAsleep('producers')
    await expect(openStream(name, Numbered)).rejects.toThrow(full)
    await setTimeout(100)
    await onlooker.untilAsleep('producers')
    consumer.child.kill('SIGCONT')
    expect(await produced).toBe(6000)
    await producer.call('closeWriter')
    expect(await consumed).toEqual({ end: 'closed', count: 6000, authors: { [author]: [0, 5999] } })
  })

  it('keeps its lane if it is a producer, does not end the stream, and then continues where it was', async () => {
    const name = uniqueName('memlane')
    await using producer = new StreamPeer()
    const { author } = await producer.call('create', name, { maxProducers: 1 })
    using consumer = await openStream(name, Numbered)
    const check = new DeliveryCheck()
    const read = readings.iterate(consumer, check, Infinity)
    const produced = producer.call('produce', 'send', 200_000)
    for (let round = 0; round < 20; round++) {
      await setTimeout(Math.random() * 20)
      producer.child.kill('SIGSTOP')
      await expect(joinStream(name, Numbered)).rejects.toThrow(full)
      await setTimeout(Math.random() * 20)
      expect(consumer.end).toBeUndefined()
      producer.child.kill('SIGCONT')
    }
    expect(await produced).toBe(200_000)
    await producer.call('closeWriter')
    await read
    expect([consumer.end, check.authors]).toEqual(['closed', { [author]: [0, 199_999] }])
  })
})
