import { setTimeout as sleep } from 'node:timers/promises'
import { capabilities, Doorbell, Lease, SharedMemory } from '@memlane/core'
import { f64, i32, LayoutError, payload, struct, u32, utf8 } from '@memlane/protocol'
import { ConsumerSlot, codecOf, SleepMark } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { Bells, explain, StreamChannel, takeConsumerSeat, takeProducerSeat, Waiter } from '../src/index.js'
import { evictIfDead } from '../src/seat.js'

const Count = codecOf(u32)
const SMALL = { capacity: 65_536, maxProducers: 2, maxConsumers: 2 }
const code = (code: string) => expect.objectContaining({ name: 'SharedMemoryError', code })

/** One is a Buffer, the other a Uint8Array. */
const plain = (header: StreamChannel['header']) => ({ ...header, instance: [...header.instance] })

describe('a channel', () => {
  it('is opened with what it was created with', async () => {
    const name = uniqueName('channel')
    using created = StreamChannel.create(name, Count, { ...SMALL, overflow: 'overwrite', withoutConsumers: 'wait' })
    using opened = StreamChannel.open(name, Count)
    using waited = await StreamChannel.waitFor(name, Count)
    using readOnly = StreamChannel.open(name, Count, { access: 'read' })
    for (const channel of [opened, waited, readOnly]) {
      expect(plain(channel.header)).toEqual(plain(created.header))
      expect(channel.memory.buffer.byteLength).toBe(created.header.lanesOffset)
    }
    expect(created.header).toMatchObject({ capacity: SMALL.capacity, overflow: 'overwrite', withoutConsumers: 'wait' })
    expect(created.memory.objectLength).toBe(created.header.length)
    using other = StreamChannel.create(uniqueName('channel'), Count, SMALL)
    expect(other.header.instance).not.toEqual(created.header.instance)
  })

  it('has lanes of its own, written by one side and read by the other', () => {
    using created = StreamChannel.create(uniqueName('channel'), Count, SMALL)
    using opened = StreamChannel.open(created.name, Count)
    for (const producer of [0, 1]) {
      const written = created.openLane(producer, 'readwrite')
      const read = opened.openLane(producer, 'read')
      expect([written.buffer.byteLength, read.buffer.byteLength]).toEqual([65_536, 65_536])
      new Uint8Array(written.buffer)[producer] = 7
      expect([...new Uint8Array(read.buffer, 0, 2)]).toEqual(producer ? [0, 7] : [7, 0])
    }
  })

  it('with a schema longer than the first 64 KiB is opened whole', () => {
    const fields = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`field${i}`, u32]))
    const codec = codecOf(struct('Long', fields))
    using created = StreamChannel.create(uniqueName('channel'), codec, SMALL)
    expect(created.header.lanesOffset).toBeGreaterThan(65_536)
    using opened = StreamChannel.open(created.name, codec)
    expect(plain(opened.header)).toEqual(plain(created.header))
    const other = codecOf(struct('Long', { ...fields, field1999: utf8(4) }))
    expect(() => StreamChannel.open(created.name, other)).toThrow(code('SCHEMA_MISMATCH'))
  })

  it('closes its lanes, its bells and its leases with it', async () => {
    using created = StreamChannel.create(uniqueName('channel'), Count, SMALL)
    const opened = StreamChannel.open(created.name, Count)
    const lane = opened.openLane(0, 'read')
    const bell = opened.keep(Doorbell.open(opened.memory, 3))
    const { index } = takeConsumerSeat(opened)
    const waiting = bell.wait()
    opened.close()
    opened.close()
    expect([opened.closed, lane.closed]).toEqual([true, true])
    await expect(waiting).rejects.toThrow(code('CLOSED'))
    expect(Lease.isHeld(created.memory, index)).toBe(false)
  })

  it.each([
    ['kind', struct('Tick', { price: f64, size: i32 }), 'fields[1].layout.kind is "u32" there, "i32" here'],
    ['name', struct('Tick', { price: f64, volume: u32 }), 'fields[1].name is "size" there, "volume" here'],
    ['number', struct('Tick', { price: f64 }), 'fields[1] is {'],
    ['schema', payload.json(), 'kind is "struct" there, "payload" here'],
  ])('of another %s tells the first difference', (_, other, difference) => {
    using created = StreamChannel.create(
      uniqueName('channel'),
      codecOf(struct('Tick', { price: f64, size: u32 })),
      SMALL,
    )
    expect(() => StreamChannel.open(created.name, codecOf(other))).toThrow(`another schema: ${difference}`)
  })

  it('whose creator dies before it is finished is not kept by who waits for it, and the next one is found', async () => {
    const name = uniqueName('channel')
    const unfinished = SharedMemory.create(name, 65_536)
    const waiting = StreamChannel.waitFor(name, Count)
    const inVain = StreamChannel.waitFor(name, Count, { timeoutMs: 100 })
    await sleep(20)
    unfinished.close()
    await expect(inVain).rejects.toThrow(code('TIMED_OUT'))
    using created = StreamChannel.create(name, Count, SMALL)
    using found = await waiting
    expect(plain(found.header)).toEqual(plain(created.header))
  })

  it('that was refused leaves nothing mapped', () => {
    const created = StreamChannel.create(uniqueName('channel'), Count, SMALL)
    expect(() => StreamChannel.open(created.name, payload.utf8)).toThrow(code('SCHEMA_MISMATCH'))
    created.close()
    expect(() => SharedMemory.open(created.name)).toThrow(code('NOT_FOUND'))
  })

  it('says where its bytes are wrong', () => {
    expect(explain('quotes', new LayoutError('CORRUPT', 72, 'it is wrong'))).toMatchObject({
      code: 'CORRUPT',
      message: 'Stream "quotes": it is wrong (offset 72).',
    })
    const other = new Error('other')
    expect(explain('quotes', other)).toBe(other)
  })
})

describe('a seat', () => {
  it('is the first free one; of producers, first one that was left open', () => {
    using channel = StreamChannel.create(uniqueName('channel'), Count, { ...SMALL, maxProducers: 3 })
    const words = new Int32Array(channel.memory.buffer)
    words[(1024 + 2 * 128) / 4] = 1
    expect(takeProducerSeat(channel).index).toBe(2)
    expect(takeProducerSeat(channel).index).toBe(0)
    expect(() => takeProducerSeat(channel, 0)).toThrow(/lane 0 is taken/)
    expect(takeProducerSeat(channel).index).toBe(1)
    expect(() => takeProducerSeat(channel)).toThrow(code('FULL'))
    for (const lane of [-1, 3, 0.5]) expect(() => takeProducerSeat(channel, lane)).toThrow(RangeError)
    const first = takeConsumerSeat(channel)
    expect([first.index, takeConsumerSeat(channel).index]).toEqual([0, 1])
    expect(() => takeConsumerSeat(channel)).toThrow(code('FULL'))
    first.lease.release()
    expect(takeConsumerSeat(channel).index).toBe(0)
  })

  it('is taken from the dead, not from the living', () => {
    using channel = StreamChannel.create(uniqueName('channel'), Count, SMALL)
    const seat = takeConsumerSeat(channel)
    new ConsumerSlot(channel.control, seat.index).join()
    expect(evictIfDead(channel, seat.index, Bells.ofProducers(channel))).toBe(false)
    expect(channel.control.liveConsumers()).toBe(1)
    seat.lease.release()
    expect(evictIfDead(channel, seat.index, Bells.ofProducers(channel))).toBe(true)
    expect(channel.control.liveConsumers()).toBe(0)
    expect(takeConsumerSeat(channel).index).toBe(seat.index)
  })
})

describe('a waiter', () => {
  const nothing = { isThere: () => false, watchPeers: () => false }

  function bedside(channel: StreamChannel, index: number) {
    return {
      bell: channel.keep(Doorbell.open(channel.memory, index)),
      mark: SleepMark.ofConsumer(channel.control, index),
    }
  }

  it.each(['adaptive', 'park', 'spin'] as const)('is woken by what it waits for, %s', async (strategy) => {
    using channel = StreamChannel.create(uniqueName('channel'), Count, SMALL)
    const bells = Bells.ofConsumers(channel)
    const waiter = new Waiter(strategy, bedside(channel, 1))
    let there = false
    const awaited = { isThere: () => there, watchPeers: () => false }
    for (let round = 0; round < 5; round++) {
      there = false
      const waiting = waiter.wait(awaited)
      await new Promise((resolve) => setTimeout(resolve, round))
      bells.ringSleepers() // for nothing: it goes on waiting
      await new Promise((resolve) => setTimeout(resolve, 2))
      there = true
      bells.ringSleepers()
      expect(await waiting).toBe(true)
    }
    expect(channel.control.words[384 / 4]).toBe(0)
    expect(waiter.waitSync(awaited)).toBe(true)
    expect(await waiter.wait(nothing, { timeoutMs: 2 })).toBe(false)
    expect(waiter.waitSync(nothing, 2)).toBe(false)
    expect(channel.control.words[384 / 4]).toBe(0)
  })

  it.each(['adaptive', 'park', 'spin'] as const)(
    'without the right to write looks at intervals, %s',
    async (strategy) => {
      const waiter = new Waiter(strategy, undefined)
      let looks = 0
      const awaited = {
        isThere: () => ++looks > 4,
        watchPeers: () => false,
      }
      expect(await waiter.wait(awaited)).toBe(true)
      expect(await waiter.wait(nothing, { timeoutMs: 2 })).toBe(false)
      expect(waiter.waitSync(nothing, 2)).toBe(false)
      const controller = new AbortController()
      setTimeout(() => controller.abort('enough'), 2)
      await expect(waiter.wait(nothing, { signal: controller.signal })).rejects.toBe('enough')
    },
  )

  it.each(['adaptive', 'park', 'spin'] as const)('hears that a peer has died, %s', async (strategy) => {
    using channel = StreamChannel.create(uniqueName('channel'), Count, SMALL)
    using other = StreamChannel.open(channel.name, Count)
    const waiter = new Waiter(strategy, bedside(channel, 1))
    const lease = Lease.claim(other.memory, 40)
    let over = false
    const awaited = {
      isThere: () => over,
      watchPeers: (bell: Doorbell | undefined) => {
        over = bell === undefined ? !Lease.isHeld(channel.memory, 40) : !bell.watch(40)
        return over
      },
    }
    setTimeout(() => lease?.release(), 10)
    expect(await waiter.wait(awaited)).toBe(true)
    over = false
    expect(waiter.waitSync(awaited)).toBe(true)
  })

  it.each(['watchPeers', 'hasNewPeer'])('lets the event loop go round while peers come and go: %s', async (method) => {
    using channel = StreamChannel.create(uniqueName('channel'), Count, SMALL)
    const waiter = new Waiter('park', bedside(channel, 0))
    let calls = 0
    const awaited = { ...nothing, [method]: () => ++calls < 100_000 }
    const controller = new AbortController()
    const waiting = waiter.wait(awaited, { signal: controller.signal })
    setImmediate(() => controller.abort('enough'))
    await expect(waiting).rejects.toBe('enough')
    expect(calls).toBeLessThan(100_000)
    expect(channel.control.words[384 / 4]).toBe(0)
  })

  // Where everybody publishes with a fence, nobody can miss the mark.
  it.runIf(capabilities.namespace === 'posix')('looks again by itself for what it was not rung for', async () => {
    using channel = StreamChannel.create(uniqueName('channel'), Count, SMALL)
    const waiter = new Waiter('park', bedside(channel, 0))
    for (let round = 0; round < 10; round++) {
      // Is there from some moment on, and not any more at the end of the time, when a look would be taken anyway.
      const soon = () => {
        const from = performance.now() + round / 2
        return { ...nothing, isThere: () => performance.now() >= from && performance.now() < from + 10_000 }
      }
      expect(await waiter.wait(soon(), { timeoutMs: 15_000 })).toBe(true)
      expect(waiter.waitSync(soon(), 15_000)).toBe(true)
    }
    let there = false
    const waiting = waiter.wait({ isThere: () => there, watchPeers: () => false })
    await sleep(30)
    Bells.ofConsumers(channel).ringSleepers() // who sleeps without limit dozes again
    setTimeout(() => {
      there = true
    }, 2)
    expect(await waiting).toBe(true)
  })

  it.each([-1, Number.NaN, 2 ** 31])('does not wait for %s ms', async (timeoutMs) => {
    using channel = StreamChannel.create(uniqueName('channel'), Count, SMALL)
    const waiter = new Waiter('park', bedside(channel, 0))
    await expect(waiter.wait(nothing, { timeoutMs })).rejects.toThrow(RangeError)
    expect(() => waiter.waitSync(nothing, timeoutMs)).toThrow(RangeError)
    expect(await waiter.wait(nothing, { timeoutMs: 1 })).toBe(false)
  })

  it('leaves nothing behind when waits are aborted', async () => {
    using channel = StreamChannel.create(uniqueName('channel'), Count, SMALL)
    const waiters = [new Waiter('spin', bedside(channel, 0)), new Waiter('park', undefined)]
    const pending = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Immediate' || kind === 'Timeout')
    for (let round = 0; round < 10; round++) {
      const before = pending()
      const controller = new AbortController()
      const waits = waiters.map((waiter) => waiter.wait(nothing, { signal: controller.signal }))
      expect(pending()).toHaveLength(before.length + waits.length)
      controller.abort('enough')
      expect(pending()).toEqual(before)
      for (const wait of waits) await expect(wait).rejects.toBe('enough')
    }
  })

  it('sleeps once at a time', async () => {
    using channel = StreamChannel.create(uniqueName('channel'), Count, SMALL)
    const waiter = new Waiter('park', bedside(channel, 0))
    const waiting = waiter.wait(nothing, { timeoutMs: 20 })
    await expect(waiter.wait(nothing)).rejects.toThrow(TypeError)
    expect(() => waiter.waitSync(nothing, 1)).toThrow(TypeError)
    expect(await waiting).toBe(false)
  })

  it.each(['adaptive', 'park', 'spin', 'blind'] as const)(
    'may be told at any moment whether to keep the process, %s',
    async (way) => {
      using channel = StreamChannel.create(uniqueName('channel'), Count, SMALL)
      const waiter = way === 'blind' ? new Waiter('park', undefined) : new Waiter(way, bedside(channel, 0))
      const waiting = waiter.wait(nothing, { timeoutMs: 20 })
      for (const ref of [false, true, true, false, false, true]) waiter.setRef(ref)
      let over = false
      const goOn = () => {
        waiter.setRef(false)
        waiter.setRef(true)
        if (!over) setImmediate(goOn)
      }
      goOn() // in the way of nothing
      expect(await waiting).toBe(false)
      over = true
      waiter.setRef(false)
      waiter.setRef(true)
    },
  )
})
