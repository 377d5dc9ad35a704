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

describe('a process that dies', () => {
  it('while it joins as a consumer blocks no producer', async () => {
    for (const [owner, method, when, calls] of [
      ['Lease', 'claim', 'after', 1],
      ['ConsumerSlot', 'join', 'before', 1],
      ['StreamControl', 'baseOf', 'before', 1],
      ['StreamControl', 'baseOf', 'before', 6], // when it is live, and checks the base again
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

  it('while it leaves as a consumer wakes the producer that it blocked', async () => {
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

  it('as the first consumer, before it rings, still wakes the producer that sleeps for the released room', async () => {
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

  it('while it opens the first lane of a stream ends the wait of a sleeping consumer', async () => {
    const name = uniqueName('memlane')
    using channel = createStreamChannel(name, codecOf(Numbered))
    using consumer = await openStream(channel.name, Numbered)
    const received = consumer.receive()
    using onlooker = new Onlooker(name)
    await onlooker.untilAsleep('consumers')
    await using victim = new StreamPeer()
    await victim.call('signalAt', 'SIGKILL', 'Sleepers', 'any', 'before', 2) // the first call comes before it opens its lane
    await victim.last('join', name)
    expect([await received, consumer.end]).toEqual([undefined, 'died'])
  })

  it('while it takes up a lane leaves the lane to the next producer, however often this happens', async () => {
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

  it('while it removes a dead consumer leaves the removal to another producer', async () => {
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

  it('while it removes a dead consumer does not leave another producer asleep that found the lease claimed', async () => {
    const name = uniqueName('memlane')
    using producer = createStream(name, Numbered, { capacity: 65_536, waitStrategy: 'park' })
    await using victim = new StreamPeer()
    await victim.call('open', name)
    // As if another producer held the dead consumer's lease (number 0) when this producer finds the lease free and claims it.
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
  it('that has published only padding does not end the wait of a consumer', async () => {
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
      const most = Math.floor(65_536 / recordLength) // the rest of the lane becomes padding
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

describe.runIf(stops)('a process that is stopped', () => {
  it('while it joins as a consumer costs no other consumer a message, and misses none after it has joined', async () => {
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

  it('as a producer between a message and its ring leaves no consumer asleep that another producer rings', async () => {
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
      while (check.count < 2) await setTimeout(5)
      expect(check.authors).toEqual({ [one.author]: [0, 0], 7: [0, 0] })
      stopped.child.kill('SIGCONT')
      await produced
      other.trySend(numbered(7, 1, 1, 1))
      await read
    }
  })

  it('while it goes to sleep as a consumer misses no message', async () => {
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

  it('while it goes to sleep as a producer finds the room that is released meanwhile', async () => {
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
