import { setTimeout } from 'node:timers/promises'
import { capabilities } from '@memlane/core'
import { createQueue, joinQueue } from '@memlane/producer'
import { uniqueName } from '@memlane/testing'
import { leftovers } from '@memlane/testing/leftovers'
import { Numbered, numbered } from '@memlane/testing/numbered-message'
import { QueuePeer } from '@memlane/testing/queue-peer'
import { describe, expect, it } from 'vitest'
import { openQueue } from '../src/index.js'

const message = (number: number) => numbered(process.pid, number, 0, number)
const range = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index)

describe('consumers of a queue in several processes', () => {
  it('share all messages, each exactly once', async () => {
    const name = uniqueName('memlane')
    using writer = createQueue(name, Numbered, { capacity: 64 })
    await using first = new QueuePeer()
    await using second = new QueuePeer()
    await using third = new QueuePeer()
    const ways = [
      [first, 'process', 3],
      [second, 'process', 1],
    ] as const
    for (const peer of [first, second, third]) await peer.call('open', name)
    const processing = ways.map(([peer, way, argument]) => peer.call(way, argument))
    const polling = third.call('poll', 100)
    for (let number = 0; number < 20_000; number++) await writer.send(message(number))
    expect((await polling).length).toBe(100)
    await writer.flush()
    for (const [peer] of ways) await peer.call('closeReader')
    const done = [...(await Promise.all(processing)), await polling].flat() as number[]
    expect(done.sort((a, b) => a - b)).toEqual(range(0, 20_000))
  })

  it('get the messages of a killed consumer at once, with a higher count', async () => {
    const name = uniqueName('memlane')
    using writer = createQueue(name, Numbered)
    const survivor = await openQueue(name, Numbered, { waitStrategy: 'park' })
    await using victim = new QueuePeer()
    await victim.call('open', name)
    await writer.sendBatch(range(0, 5).map(message))
    expect(await victim.call('hold', 5)).toEqual(range(0, 5))
    const taking = survivor.take() // sleeps: the death wakes it
    await setTimeout(50)
    await victim.kill()
    const first = await taking
    const rest = range(0, 4).map(() => survivor.tryTake())
    const again = [first, ...rest].map((delivery) => [delivery?.value.own, delivery?.deliveryCount])
    expect(again.sort()).toEqual(range(0, 5).map((number) => [number, 2]))
    for (const delivery of [first, ...rest]) delivery?.ack()
    await writer.flush()
    await survivor.close()
  })

  it('set a message aside that kills each of its consumers', async () => {
    const name = uniqueName('memlane')
    using writer = createQueue(name, Numbered, { maxDeliveries: 2 })
    await writer.send(message(7))
    const pids: number[] = []
    for (let death = 0; death < 2; death++) {
      await using victim = new QueuePeer()
      pids.push(await victim.call('open', name))
      expect(await victim.call('hold', 1)).toEqual([7])
      expect(await victim.call('counts')).toEqual([death + 1])
      await victim.kill()
    }
    const reader = await openQueue(name, Numbered)
    expect(reader.tryTake()).toBe(undefined)
    expect(reader.stats()).toMatchObject({ ready: 0, taken: 0, dead: 1 })
    await writer.flush()
    const [letter] = [...reader.deadLetters()].map(({ deliveryCount, pid, reason }) => ({ deliveryCount, pid, reason }))
    expect(letter).toEqual({ deliveryCount: 2, pid: pids[1], reason: expect.stringMatching('consumer died') })
    await reader.close()
  })

  it('leave dead letters and returned messages of others as they are by their death', async () => {
    const name = uniqueName('memlane')
    using writer = createQueue(name, Numbered)
    await using victim = new QueuePeer()
    await victim.call('open', name) // in place 0, which the words of slots without a holder name
    const survivor = await openQueue(name, Numbered, { waitStrategy: 'park' })
    let dead = 0
    survivor.on('dead', () => dead++)
    await writer.sendBatch([message(0), message(1)])
    survivor.tryTake()?.reject()
    survivor.tryTake()?.retry({ delayMs: 300 })
    const taking = survivor.take()
    await victim.kill()
    expect((await taking)?.deliveryCount).toBe(2)
    expect(dead).toBe(1)
    await survivor.close()
  })

  it('lose a message by their death in the handler of poll, and the next one gets it', async () => {
    const name = uniqueName('memlane')
    using writer = createQueue(name, Numbered)
    await writer.sendBatch([message(0), message(1)])
    await using victim = new QueuePeer()
    await victim.call('open', name)
    await victim.last('dieInPoll')
    const reader = await openQueue(name, Numbered)
    const counts = new Map<number, number>()
    for (let delivery = reader.tryTake(); delivery !== undefined; delivery = reader.tryTake()) {
      counts.set(delivery.value.own, delivery.deliveryCount)
      delivery.ack()
    }
    expect(Object.fromEntries(counts)).toEqual({ 0: 2, 1: 1 })
    await reader.close()
  })

  it('wake a producer that waits for a slot, also if the message was with a dead consumer', async () => {
    const name = uniqueName('memlane')
    await using producer = new QueuePeer()
    await producer.call('create', name, { capacity: 2, waitStrategy: 'park' })
    await using victim = new QueuePeer()
    await victim.call('open', name)
    const survivor = await openQueue(name, Numbered, { waitStrategy: 'park' })
    const sending = producer.call('send', 0, 4)
    expect(await victim.call('hold', 2)).toEqual([0, 1])
    await setTimeout(50)
    await victim.kill()
    const got: number[] = []
    while (got.length < 4) {
      const delivery = await survivor.take()
      got.push(delivery?.value.own ?? -1)
      delivery?.ack()
    }
    expect(got.sort()).toEqual([0, 1, 2, 3])
    expect(await sending).toBe(4)
    await producer.call('flush')
    await survivor.close()
  })

  it('wake a producer that flushes when a dead consumer leaves a dead letter', async () => {
    const name = uniqueName('memlane')
    await using producer = new QueuePeer()
    await producer.call('create', name, { maxDeliveries: 1, waitStrategy: 'park' })
    await using victim = new QueuePeer()
    await victim.call('open', name)
    const survivor = await openQueue(name, Numbered, { waitStrategy: 'park' })
    await producer.call('send', 0, 1)
    await victim.call('hold', 1)
    const flushing = producer.call('flush')
    const taking = survivor.take()
    await setTimeout(50)
    await victim.kill()
    await flushing
    expect(survivor.stats()).toMatchObject({ dead: 1 })
    await survivor.close()
    await expect(taking).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('a producer of a queue', () => {
  it('that is killed in a batch leaves nothing of it, and the next one fills its slots', async () => {
    const name = uniqueName('memlane')
    await using victim = new QueuePeer()
    await victim.call('create', name, { capacity: 4 })
    await victim.call('send', 0, 2)
    const reader = await openQueue(name, Numbered)
    await victim.last('dieInBatch')
    expect(reader.stats().taken).toBe(0)
    using next = createQueue(name, Numbered)
    expect(next.sent).toBe(2)
    await next.sendBatch([message(2), message(3)])
    expect(next.trySend(message(4))).toBe(false)
    const numbers: (number | undefined)[] = []
    for (let delivery = reader.tryTake(); delivery !== undefined; delivery = reader.tryTake()) {
      numbers.push(delivery.value.own)
      delivery.ack()
    }
    expect(numbers).toEqual([0, 1, 2, 3])
    await reader.close()
  })

  it('that dies keeps its messages in the queue, and the queue ends with its last participant', async () => {
    const name = uniqueName('memlane')
    await using victim = new QueuePeer()
    await victim.call('create', name)
    await victim.call('send', 0, 3)
    const reader = await openQueue(name, Numbered)
    await victim.kill()
    await using other = new QueuePeer()
    await other.call('open', name)
    expect(await other.call('takeSync', 3)).toEqual([0, 1, 2])
    await other.call('closeReader')
    expect(reader.stats()).toMatchObject({ ready: 0, taken: 0 })
    await reader.close()
    expect(leftovers(name)).toEqual([])
  })
})

describe('a consumer of a queue that is stopped', () => {
  it.runIf(capabilities.namespace === 'posix')('keeps its messages, delays no others, and goes on', async () => {
    const name = uniqueName('memlane')
    using writer = createQueue(name, Numbered)
    await using stopped = new QueuePeer()
    await stopped.call('open', name, { waitStrategy: 'park' })
    await writer.send(message(0))
    await stopped.call('hold', 1)
    stopped.child.kill('SIGSTOP')
    const reader = await openQueue(name, Numbered, { waitStrategy: 'park' })
    for (let number = 1; number < 100; number++) {
      await writer.send(message(number))
      const delivery = await reader.take()
      expect(delivery?.value.own).toBe(number)
      delivery?.ack()
    }
    expect(reader.tryTake()).toBe(undefined)
    expect(reader.stats()).toMatchObject({ ready: 0, taken: 1 })
    stopped.child.kill('SIGCONT')
    expect(await stopped.call('ack')).toEqual([0])
    await writer.flush()
    await reader.close()
  })
})

describe('producers and consumers of a queue', () => {
  it('keep the order of each producer in first deliveries', async () => {
    const name = uniqueName('memlane')
    using first = createQueue(name, Numbered, { capacity: 16 })
    using second = await joinQueue(name, Numbered)
    await using consumer = new QueuePeer()
    await consumer.call('open', name)
    const polling = consumer.call('takeSync', 2000)
    const send = async (writer: typeof first, start: number) => {
      for (let number = start; number < start + 1000; number++) await writer.send(message(number))
    }
    await Promise.all([send(first, 0), send(second, 10_000)])
    const done = (await polling) as number[]
    expect(done.filter((number) => number < 10_000)).toEqual(range(0, 1000))
    expect(done.filter((number) => number >= 10_000)).toEqual(range(10_000, 1000))
  })
})
