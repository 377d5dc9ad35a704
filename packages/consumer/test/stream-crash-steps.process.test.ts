import { setTimeout } from 'node:timers/promises'
import { createStreamChannel } from '@memlane/channel'
import { capabilities, Lease, type SharedMemory } from '@memlane/core'
import { createStream, joinStream } from '@memlane/producer'
import { codecOf } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { DeliveryCheck } from '@memlane/testing/delivery-check'
import { Numbered, numbered } from '@memlane/testing/numbered-message'
import { Onlooker } from '@memlane/testing/onlooker'
import { readings } from '@memlane/testing/readings'
import { StreamPeer } from '@memlane/testing/stream-peer'
import { untilStill } from '@memlane/testing/until-still'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openStream } from '../src/index.js'

const stops = capabilities.namespace === 'posix'
const many = Number.POSITIVE_INFINITY

describe('death at one step', () => {
  it('of becoming a consumer holds nobody back', async () => {
    for (const [owner, method, when, calls] of [
      ['Lease', 'claim', 'after', 1],
      ['ConsumerSlot', 'join', 'before', 1],
      ['StreamControl', 'baseOf', 'before', 1],
      ['StreamControl', 'baseOf', 'before', 6], // live, and looks at the base once more
      ['ConsumerSlot', 'join', 'after', 1],
      ['ConsumerSlot', 'release', 'after', 1],
    ] as const) {
      const name = uniqueName('memlane')
      using producer = createStream(name, Numbered, { capacity: 65_536, maxConsumers: 1, maxProducers: 4 })
      for (let own = 0; own < 100; own++) producer.trySend(numbered(1, own, 0, own))
      await using victim = new StreamPeer()
      await victim.call('signalAt', 'SIGKILL', owner, method, when, calls)
      await victim.last('open', name)
      for (let own = 100; own < 5000; own++) await producer.send(numbered(1, own, 0, own))
      using consumer = await openStream(name, Numbered, { from: 'oldest' })
      producer.close()
      const check = new DeliveryCheck()
      await readings.receive(consumer, check, many)
      expect([consumer.end, check.authors[1]?.[1]]).toEqual(['closed', 4999])
    }
  })

  it('of ceasing to be one wakes the producer that it held back', async () => {
    for (const when of ['before', 'after'] as const) {
      const name = uniqueName('memlane')
      using producer = createStream(name, Numbered, { capacity: 65_536 })
      await using victim = new StreamPeer()
      await victim.call('open', name, { from: 'oldest' })
      await victim.call('signalAt', 'SIGKILL', 'ConsumerSlot', 'leave', when)
      const sent = async () => {
        for (let own = 0; own < 5000; own++) await producer.send(numbered(1, own, 0, own))
      }
      const all = sent()
      using onlooker = new Onlooker(name)
      await onlooker.untilAsleep('producers')
      await victim.last('closeReader')
      await all
    }
  })

  it('of giving room back to a producer that slept before there was any consumer wakes it', async () => {
    const name = uniqueName('memlane')
    using producer = createStream(name, Numbered, { capacity: 65_536, withoutConsumers: 'wait' })
    let own = 0
    while (producer.trySend(numbered(1, own, 0, own))) own++
    const sent = producer.send(numbered(1, own, 0, own))
    using onlooker = new Onlooker(name)
    await onlooker.untilAsleep('producers')
    await using victim = new StreamPeer()
    await victim.call('signalAt', 'SIGKILL', 'ConsumerSlot', 'release', 'after')
    await victim.last('open', name, { from: 'now' })
    await sent
  })

  it('of opening the first lane that there ever was is told to who waits for it', async () => {
    const name = uniqueName('memlane')
    using channel = createStreamChannel(name, codecOf(Numbered))
    using consumer = await openStream(channel.name, Numbered)
    const received = consumer.receive()
    using onlooker = new Onlooker(name)
    await onlooker.untilAsleep('consumers')
    await using victim = new StreamPeer()
    await victim.call('signalAt', 'SIGKILL', 'Sleepers', 'any', 'before', 2) // the first time, it has not opened
    await victim.last('join', name)
    expect([await received, consumer.end]).toEqual([undefined, 'died'])
  })

  it('of taking up a lane leaves it to the next, as often as it happens', async () => {
    const name = uniqueName('memlane')
    await using first = new StreamPeer()
    const { author } = await first.call('create', name, { maxProducers: 1 })
    using consumer = await openStream(name, Numbered, { from: 'oldest', endOn: 'closed' })
    await first.call('produce', 'sendBatch', 100)
    await first.last('dieInBatch')
    for (const [owner, method, when] of [
      ['Lease', 'claim', 'after'],
      ['StreamControl', 'recentEndOf', 'before'],
      ['StreamControl', 'liveConsumers', 'after'],
      ['Sleepers', 'any', 'before'],
    ] as const) {
      await using next = new StreamPeer()
      await next.call('signalAt', 'SIGKILL', owner, method, when)
      await next.last('join', name)
    }
    using last = await joinStream(name, Numbered)
    expect([last.lane, last.sent]).toEqual([0, 100])
    last.trySend(numbered(7, 0, 0, 100))
    last.close()
    const check = new DeliveryCheck()
    await readings.iterate(consumer, check, many)
    expect(check.authors).toEqual({ [author]: [0, 99], 7: [0, 0] })
  })

  it('of removing a dead consumer leaves that to the next', async () => {
    const name = uniqueName('memlane')
    await using first = new StreamPeer()
    await using second = new StreamPeer()
    await first.call('create', name)
    await second.call('join', name)
    await using victim = new StreamPeer()
    await victim.call('open', name)
    await first.call('signalAt', 'SIGKILL', 'StreamControl', 'evict', 'before')
    void first.call('produce', 'send')
    const produced = second.call('produce', 'send', 5000)
    using onlooker = new Onlooker(name)
    await onlooker.untilAsleep('producers', 2)
    await victim.kill()
    await Promise.race([first.child.exit, produced])
    expect(await produced).toBe(5000)
  })

  it('does not keep another asleep that met it there', async () => {
    const name = uniqueName('memlane')
    using producer = createStream(name, Numbered, { capacity: 65_536, waitStrategy: 'park' })
    await using victim = new StreamPeer()
    await victim.call('open', name)
    // As if another producer held the dead consumer's lease (number 0) just when this one finds it free and claims it.
    const { claim } = Lease
    onTestFinished(() => {
      Lease.claim = claim
    })
    let refused = 0
    Lease.claim = (memory: SharedMemory, slot: number) => {
      return slot === 0 && refused++ < 3 ? undefined : claim.call(Lease, memory, slot)
    }
    const send = async () => {
      for (let own = 0; own < 5000; own++) await producer.send(numbered(1, own, 0, own))
    }
    const sent = send()
    using onlooker = new Onlooker(name)
    await onlooker.untilAsleep('producers')
    await victim.kill()
    await sent
    expect(refused).toBeGreaterThan(3)
  })
})

describe('a producer in the middle of a claim', () => {
  it('behind padding, keeps waiting who waits for a message', async () => {
    for (const [way, wait] of [
      ['receiveSync', 'spin'],
      ['receive', 'adaptive'],
      ['pollSync', 'spin'],
    ]) {
      const name = uniqueName('memlane')
      using producer = createStream(name, Numbered, { capacity: 65_536 })
      await using consumer = new StreamPeer()
      await consumer.call('open', name, { waitStrategy: wait })
      const consumed = consumer.call('consume', way)
      const recordLength = Math.ceil((8 + Numbered.length) / 8) * 8
      const most = Math.floor(65_536 / recordLength) // what remains behind them is padding
      for (let own = 0; own < most; own++) await producer.send(numbered(1, own, 0, own))
      await producer.flush()
      const view = producer.claim()
      await setTimeout(100)
      Object.assign(view ?? {}, numbered(1, most, 0, most))
      producer.commit()
      producer.close()
      expect(await consumed).toEqual({ end: 'closed', count: most + 1, authors: { 1: [0, most] } })
    }
  })
})

describe.runIf(stops)('a stop at one step', () => {
  it("of becoming a consumer is nobody else's business, and costs it no message of those it is there for", async () => {
    for (const [owner, method, when, calls] of [
      ['Lease', 'claim', 'after', 1],
      ['StreamControl', 'baseOf', 'before', 1],
      ['StreamControl', 'baseOf', 'before', 4],
      ['StreamControl', 'baseOf', 'before', 5],
      ['StreamControl', 'baseOf', 'before', 6],
      ['ConsumerSlot', 'join', 'after', 1],
    ] as const) {
      const name = uniqueName('memlane')
      await using producer = new StreamPeer()
      const { author } = await producer.call('create', name)
      using other = await openStream(name, Numbered, { from: 'oldest' })
      const check = new DeliveryCheck()
      const read = readings.iterate(other, check, many)
      await producer.call('produce', 'trySend', 100)
      await using late = new StreamPeer()
      await late.call('signalAt', 'SIGSTOP', owner, method, when, calls)
      const opened = late.call('open', name, { from: 'oldest' })
      const produced = producer.call('produce', 'send', 20_000)
      await setTimeout(500)
      await untilStill(() => check.count)
      late.child.kill('SIGCONT')
      await opened
      const consumed = late.call('consume', 'iterate')
      expect(await produced).toBe(20_100)
      await producer.call('closeWriter')
      await read
      expect(check.authors).toEqual({ [author]: [0, 20_099] })
      const { end, authors } = await consumed
      expect([end, authors[author]?.[1]], `${owner}.${method} ${calls}`).toEqual(['closed', 20_099])
    }
  })

  it('of a producer, between a message and its ring, keeps nobody asleep whom another rings', async () => {
    for (const [owner, method, when] of [
      ['Sleepers', 'any', 'before'],
      ['Sleepers', 'any', 'after'],
      ['Doorbell', 'ring', 'before'],
    ] as const) {
      const name = uniqueName('memlane')
      await using stopped = new StreamPeer()
      const one = await stopped.call('create', name)
      using other = await joinStream(name, Numbered)
      using consumer = await openStream(name, Numbered, { waitStrategy: 'park' })
      using onlooker = new Onlooker(name)
      const check = new DeliveryCheck()
      const read = readings.receive(consumer, check, 3)
      await onlooker.untilAsleep('consumers')
      await stopped.call('signalAt', 'SIGSTOP', owner, method, when)
      const produced = stopped.call('produce', 'send', 1)
      await setTimeout(100)
      other.trySend(numbered(7, 0, 1, 0))
      await untilStill(() => check.count)
      expect(check.authors).toEqual({ [one.author]: [0, 0], 7: [0, 0] })
      stopped.child.kill('SIGCONT')
      await produced
      other.trySend(numbered(7, 1, 1, 1))
      await read
    }
  })

  it('of a consumer that lies down loses it nothing', async () => {
    for (const when of ['before', 'after'] as const) {
      for (const way of ['receive', 'receiveSync'] as const) {
        const name = uniqueName('memlane')
        using producer = createStream(name, Numbered)
        await using sleeper = new StreamPeer()
        await sleeper.call('open', name)
        await sleeper.call('signalAt', 'SIGSTOP', 'SleepMark', 'set', when)
        const consumed = sleeper.call('consume', way, 2)
        await setTimeout(100)
        producer.trySend(numbered(1, 0, 0, 0))
        sleeper.child.kill('SIGCONT')
        await setTimeout(50)
        producer.trySend(numbered(1, 1, 0, 1))
        expect((await consumed).authors).toEqual({ 1: [0, 1] })
      }
    }
  })

  it('of a producer that lies down loses it no room', async () => {
    for (const when of ['before', 'after'] as const) {
      for (const how of ['send', 'sendSync'] as const) {
        const name = uniqueName('memlane')
        await using producer = new StreamPeer()
        const { author } = await producer.call('create', name)
        using consumer = await openStream(name, Numbered, { from: 'oldest' })
        await producer.call('signalAt', 'SIGSTOP', 'SleepMark', 'set', when)
        const produced = producer.call('produce', how, 5000)
        await untilStill(() => consumer.lag())
        const check = new DeliveryCheck()
        const read = readings.iterate(consumer, check, many)
        await untilStill(() => check.count)
        producer.child.kill('SIGCONT')
        expect(await produced).toBe(5000)
        await producer.call('closeWriter')
        await read
        expect(check.authors).toEqual({ [author]: [0, 4999] })
      }
    }
  })
})
