import { Bells } from '@memlane/channel'
import { SharedMemory } from '@memlane/core'
import { bytes, f64, payload, struct, u8, u32, union, utf8 } from '@memlane/protocol'
import { UNION_HEADER_LENGTH } from '@memlane/protocol/internal'
import { messagepack } from '@memlane/protocol/messagepack'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { createStream, joinStream, type StreamWriter } from '../src/index.js'
import { HoldingConsumer } from './holding-consumer.js'

const CAPACITY = 65_536
const Quote = struct('Quote', { symbol: utf8(8), bid: f64, seq: u32 })
const Event = union({ quote: Quote, note: payload.utf8, blob: payload.bytes })
const code = (code: string) => expect.objectContaining({ name: 'SharedMemoryError', code })
const quote = (seq: number) => ({ symbol: 'ACME', bid: seq / 2, seq })

function make(options: Parameters<typeof createStream>[2] = {}) {
  return createStream(uniqueName('stream'), u32, { capacity: CAPACITY, ...options })
}

/** Sends 1, 2, 3… until there is no more room, and returns how many it sent. */
function fill(writer: StreamWriter<typeof u32>): number {
  let sent = 0
  while (writer.trySend(sent + 1)) sent++
  return sent
}

describe('createStream', () => {
  it.each([
    [{ capacity: 32_768 }, /capacity 32768 is not a power of two/],
    [{ capacity: 2 ** 30 }, /capacity 1073741824/],
    [{ capacity: 100_000 }, /capacity 100000/],
    [{ capacity: 0 }, /capacity 0/],
    [{ capacity: -65_536 }, /capacity -65536/],
    [{ capacity: 65_536.5 }, /capacity 65536.5/],
    [{ capacity: Number.NaN }, /capacity NaN/],
    [{ capacity: 2 ** 32 + 65_536 }, /capacity 4295032832/],
    [{ maxProducers: 0 }, /roducers 0 is not a whole number from 1 to 64/],
    [{ maxProducers: 65 }, /roducers 65/],
    [{ maxProducers: 1.5 }, /roducers 1.5/],
    [{ maxConsumers: 0 }, /onsumers 0 is not a whole number from 1 to 32/],
    [{ maxConsumers: 33 }, /onsumers 33/],
    [{ maxConsumers: Number.NaN }, /onsumers NaN/],
  ])('refuses the dimensions %j, and creates nothing', (options, message) => {
    const name = uniqueName('stream')
    expect(() => createStream(name, u32, options)).toThrow(RangeError)
    expect(() => createStream(name, u32, options)).toThrow(message)
    expect(() => SharedMemory.open(name)).toThrow(code('NOT_FOUND'))
  })

  it('refuses unknown values of its options, and creates nothing', () => {
    const name = uniqueName('stream')
    for (const options of [
      { overflow: 'drop' },
      { withoutConsumers: 'drop' },
      { waitStrategy: 'never' },
      { existing: 'open' },
    ]) {
      expect(() => createStream(name, u32, options as never)).toThrow(TypeError)
    }
    expect(() => SharedMemory.open(name)).toThrow(code('NOT_FOUND'))
  })

  it('refuses messages that fit in no lane, and values that are no schema, and creates nothing', () => {
    const name = uniqueName('stream')
    const layout = struct('Large', { bytes: bytes(32_760) })
    expect(() => createStream(name, layout, { capacity: 65_536 })).toThrow(/message of 32760 bytes .* the 32752 /)
    for (const schema of [undefined, null, 5, {}]) {
      expect(() => createStream(name, schema as never)).toThrow(/^schema must be a layout or a codec, not /)
    }
    expect(() => SharedMemory.open(name)).toThrow(code('NOT_FOUND'))
  })

  it('refuses a descriptor that is too long', () => {
    const fields = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`a field with a long name ${i}`, u8]))
    expect(() => createStream(uniqueName('stream'), struct('Long', fields))).toThrow(/descriptor has \d+ bytes/)
  })

  it('takes the largest and the smallest numbers of slots', async () => {
    using writer = createStream(uniqueName('stream'), u32, { capacity: CAPACITY, maxProducers: 64, maxConsumers: 32 })
    using last = await joinStream(writer.name, u32, { lane: 63 })
    using consumer = new HoldingConsumer(writer.name, u32)
    expect(last.trySend(7)).toBe(true)
    expect(consumer.read(10, 63)).toEqual([7])
    using single = createStream(uniqueName('stream'), u32, { capacity: CAPACITY, maxProducers: 1, maxConsumers: 1 })
    expect(single.trySend(1)).toBe(true)
  })
})

describe('joinStream', () => {
  it('waits for the stream', async () => {
    const name = uniqueName('stream')
    const joining = joinStream(name, u32)
    using _writer = createStream(name, u32, { capacity: CAPACITY })
    using joined = await joining
    expect(joined.lane).toBe(1)
  })

  it('rejects with TIMED_OUT at the timeout, and with the reason if it is aborted', async () => {
    const name = uniqueName('stream')
    await expect(joinStream(name, u32, { timeoutMs: 0 })).rejects.toThrow(code('TIMED_OUT'))
    await expect(joinStream(name, u32, { timeoutMs: 10 })).rejects.toThrow(code('TIMED_OUT'))
    await expect(joinStream(name, u32, { signal: AbortSignal.abort('never mind') })).rejects.toBe('never mind')
    const controller = new AbortController()
    const joining = joinStream(name, u32, { signal: controller.signal })
    controller.abort('later')
    await expect(joining).rejects.toBe('later')
  })

  it('rejects with FULL if no lane is free, and leaves no handle behind', async () => {
    const writer = make({ maxProducers: 1 })
    await expect(joinStream(writer.name, u32)).rejects.toThrow(code('FULL'))
    await expect(joinStream(writer.name, u32)).rejects.toThrow(/no lane is free: maxProducers is 1/)
    writer.close()
    expect(() => SharedMemory.open(writer.name)).toThrow(code('NOT_FOUND'))
  })

  it('takes the lane that is asked for, if it exists and is free', async () => {
    using first = make({ lane: 2 })
    expect(first.lane).toBe(2)
    await expect(joinStream(first.name, u32, { lane: 2 })).rejects.toThrow(/lane 2 is taken/)
    using second = await joinStream(first.name, u32, { lane: 3 })
    expect(second.lane).toBe(3)
    for (const lane of [4, -1, 1.5]) {
      await expect(joinStream(first.name, u32, { lane })).rejects.toThrow(RangeError)
      await expect(joinStream(first.name, u32, { lane })).rejects.toThrow(`lane ${lane}`)
    }
  })

  it('continues a lane that was closed, and continues its message numbers', async () => {
    using keeper = make()
    using consumer = new HoldingConsumer(keeper.name, u32)
    const first = await joinStream(keeper.name, u32, { lane: 1 })
    for (let i = 0; i < 5; i++) first.trySend(i)
    first.close()
    using second = await joinStream(keeper.name, u32, { lane: 1 })
    expect(second.sent).toBe(5)
    second.trySend(5)
    expect(consumer.read(10, 1)).toEqual([0, 1, 2, 3, 4, 5])
  })
})

describe('a producer that a consumer blocks', () => {
  it('returns false from trySend while the lane is full, and continues in order when there is room', () => {
    using writer = make()
    using consumer = new HoldingConsumer(writer.name, u32)
    const sent = fill(writer)
    expect(sent).toBeGreaterThan(1000)
    expect(writer.sent).toBe(sent)
    expect(writer.trySend(0)).toBe(false)
    expect(writer.claim()).toBeUndefined()
    expect(writer.trySendBatch([1, 2])).toBe(0)
    expect(writer.fillBatch(2, () => {})).toBe(0)
    expect(writer.sendSync(0, { timeoutMs: 0 })).toBe(false)
    expect(writer.sendSync(0, { timeoutMs: 20 })).toBe(false)
    expect(writer.readySync({ timeoutMs: 0 })).toBe(false)
    expect(writer.readySync({ timeoutMs: 20 })).toBe(false)
    expect(consumer.read(10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(writer.trySendBatch(Array.from({ length: 20 }, (_, i) => sent + 1 + i))).toBe(10)
    const rest = consumer.read()
    expect(rest).toEqual(Array.from({ length: sent }, (_, i) => 11 + i))
  })

  it('is not blocked by a consumer that has left, nor by one that died', () => {
    using writer = make()
    const leaving = new HoldingConsumer(writer.name, u32)
    fill(writer)
    leaving[Symbol.dispose]()
    expect(writer.consumers).toBe(0)
    expect(writer.trySend(1)).toBe(true)

    for (const send of [
      (writer: StreamWriter<typeof u32>) => writer.trySend(1),
      (writer: StreamWriter<typeof u32>) => writer.claim() !== undefined,
      (writer: StreamWriter<typeof u32>) => writer.trySendBatch([1, 2]) === 2,
      (writer: StreamWriter<typeof u32>) => writer.fillBatch(2, () => {}) === 2,
      (writer: StreamWriter<typeof u32>) => writer.sendSync(1),
      (writer: StreamWriter<typeof u32>) => writer.readySync(),
    ]) {
      using other = make()
      const dead = new HoldingConsumer(other.name, u32)
      fill(other)
      dead.channel.close() // as its end would: the lease has gone, and its words stay
      const deadline = Date.now() + 20_000
      while (!send(other)) if (Date.now() > deadline) expect.unreachable('a dead consumer holds the producer back')
      expect(other.consumers).toBe(0)
    }
  })

  it('sends waiting messages in the order of the calls, even if some calls are aborted', async () => {
    using writer = make()
    using consumer = new HoldingConsumer(writer.name, u32)
    const sent = fill(writer)
    const controller = new AbortController()
    const first = writer.send(101)
    const aborted = writer.send(102, { signal: controller.signal })
    const late = writer.send(103, { timeoutMs: 5 })
    const batch = writer.sendBatch([104, 105, 106])
    const last = writer.send(107)
    expect(writer.trySend(1)).toBe(false)
    controller.abort(new Error('changed my mind'))
    await expect(aborted).rejects.toThrow('changed my mind')
    await expect(late).rejects.toThrow(code('TIMED_OUT'))
    consumer.read(sent)
    expect(writer.trySend(1)).toBe(false) // there is room, but others came before
    ring(writer)
    await Promise.all([first, batch, last])
    expect(writer.trySend(108)).toBe(true)
    expect(consumer.read()).toEqual([101, 104, 105, 106, 107, 108])
  })

  it('refuses a blocking send while other sends wait in the event loop', async () => {
    using writer = make()
    using consumer = new HoldingConsumer(writer.name, u32)
    const sent = fill(writer)
    const waiting = writer.send(1)
    consumer.read(sent)
    expect(() => writer.sendSync(2)).toThrow(TypeError)
    expect(() => writer.sendSync(2, { timeoutMs: 10 })).toThrow(TypeError)
    expect(() => writer.readySync()).toThrow(TypeError)
    await waiting
    while (writer.trySend(0));
    for (const how of ['ready', 'flush'] as const) {
      const controller = new AbortController()
      const ended = writer[how]({ signal: controller.signal }).catch((error) => error)
      expect(() => writer.sendSync(2, { timeoutMs: 10 })).toThrow(/cannot block: a call of this producer/)
      expect(() => writer.readySync({ timeoutMs: 10 })).toThrow(/cannot block: a call of this producer/)
      controller.abort('enough')
      expect(await ended).toBe('enough')
    }
    consumer.read()
    expect(writer.sendSync(2)).toBe(true)
    expect(consumer.read()).toEqual([2])
  })

  it('rejects the waiting sends when it is closed', async () => {
    const writer = make()
    using consumer = new HoldingConsumer(writer.name, u32)
    fill(writer)
    const waiting = [writer.send(1), writer.send(2), writer.sendBatch([3]), writer.flush(), writer.ready()]
    writer.close()
    await Promise.all(waiting.map((promise) => expect(promise).rejects.toThrow(code('CLOSED'))))
    expect(consumer.read().includes(0)).toBe(false)
  })

  it('rejects the waiting sends when it is closed while it sleeps', async () => {
    const writer = make({ waitStrategy: 'park' })
    using _consumer = new HoldingConsumer(writer.name, u32)
    fill(writer)
    const waiting = [writer.ready(), writer.send(1), writer.send(2), writer.flush()]
    setTimeout(() => writer.close(), 20)
    await Promise.all(waiting.map((promise) => expect(promise).rejects.toThrow(code('CLOSED'))))
  })

  it('does not wait with a signal that is already aborted, and sends nothing', async () => {
    using writer = make()
    using consumer = new HoldingConsumer(writer.name, u32)
    const signal = AbortSignal.abort('no')
    await expect(writer.send(1, { signal })).rejects.toBe('no')
    await expect(writer.sendBatch([1, 2], { signal })).rejects.toBe('no')
    await expect(writer.flush({ signal })).rejects.toBe('no')
    expect(consumer.read()).toEqual([])
  })

  it('does not wait for earlier sends, with a signal that is already aborted', async () => {
    using writer = make()
    using _consumer = new HoldingConsumer(writer.name, u32)
    fill(writer)
    const before = expect(writer.send(1)).rejects.toThrow(code('CLOSED'))
    await expect(writer.flush({ signal: AbortSignal.abort('no') })).rejects.toBe('no')
    writer.close()
    await before
  })

  it('leaves no listener on a signal that outlives the wait', async () => {
    using writer = make()
    using consumer = new HoldingConsumer(writer.name, u32)
    const controller = new AbortController()
    const { signal } = controller
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...rest: Parameters<typeof add>) => {
      listeners++
      add(...rest)
    }
    signal.removeEventListener = (...rest: Parameters<typeof remove>) => {
      listeners--
      remove(...rest)
    }
    fill(writer)
    const waiting = [writer.send(1, { signal }), writer.send(2, { signal }), writer.flush({ signal })]
    setTimeout(() => {
      consumer.read()
      ring(writer)
      setTimeout(() => {
        consumer.read()
        ring(writer)
      }, 20)
    }, 20)
    await Promise.all(waiting)
    expect(listeners).toBe(0)
  })

  it.each(['adaptive', 'park', 'spin'] as const)('times out, with wait %s', async (wait) => {
    using writer = make({ waitStrategy: wait })
    using _consumer = new HoldingConsumer(writer.name, u32)
    fill(writer)
    for (const timeoutMs of [0, 20]) {
      await expect(writer.send(1, { timeoutMs })).rejects.toThrow(code('TIMED_OUT'))
      await expect(writer.sendBatch([1], { timeoutMs })).rejects.toThrow(code('TIMED_OUT'))
      await expect(writer.flush({ timeoutMs })).rejects.toThrow(code('TIMED_OUT'))
      expect(await writer.ready({ timeoutMs })).toBe(false)
      expect(writer.sendSync(1, { timeoutMs })).toBe(false)
    }
    for (const timeoutMs of [-1, Number.NaN]) {
      await expect(writer.send(1, { timeoutMs })).rejects.toThrow(RangeError)
      await expect(writer.flush({ timeoutMs })).rejects.toThrow(RangeError)
      await expect(writer.ready({ timeoutMs })).rejects.toThrow(RangeError)
      expect(() => writer.sendSync(1, { timeoutMs })).toThrow(RangeError)
      expect(() => writer.readySync({ timeoutMs })).toThrow(RangeError)
    }
    const controller = new AbortController()
    setTimeout(() => controller.abort('enough'), 10)
    await expect(writer.send(1, { signal: controller.signal })).rejects.toBe('enough')
    await expect(writer.ready({ signal: controller.signal })).rejects.toBe('enough')
  })

  it('is ready for a claim or a batch when there is room', async () => {
    using writer = make()
    using consumer = new HoldingConsumer(writer.name, u32)
    expect([writer.readySync(), await writer.ready()]).toEqual([true, true])
    const sent = fill(writer)
    const before = writer.send(sent + 1)
    const ready = writer.ready()
    expect(await writer.ready({ timeoutMs: 5 })).toBe(false)
    const after = writer.send(sent + 2)
    consumer.read(10)
    ring(writer)
    expect(await ready).toBe(true)
    // fillBatch comes after the sends that waited. While a send waits, it would fill no message.
    expect(writer.fillBatch(1, (message) => Object.assign(message, { value: sent + 3 }))).toBe(1)
    await Promise.all([before, after])
    expect(consumer.read()).toEqual(Array.from({ length: sent - 7 }, (_, i) => 11 + i))
  })

  it('takes no length but a number: an object could convert to another one later', () => {
    using events = createStream(uniqueName('stream'), Event, { capacity: CAPACITY })
    const lengths = [{ valueOf: () => 8 }, '8', 8n, true] as unknown[] as number[]
    for (const length of lengths) {
      expect(() => events.claim(length)).toThrow('length must be a number of bytes')
      expect(() => events.claimMember('blob', length)).toThrow('length must be a number of bytes')
    }
    expect(events.claimMember('blob', 8)).toBeDefined()
  })

  it('leaves a claimed member as it is when another claim is refused', () => {
    using events = createStream(uniqueName('stream'), Event, { capacity: CAPACITY })
    using consumer = new HoldingConsumer(events.name, Event)
    events.claimMember('blob', 10)?.set(Uint8Array.of(1, 2, 3))
    expect(() => events.claim(50)).toThrow('pending')
    events.commit(3)
    expect(consumer.read()).toEqual([{ kind: 'blob', value: Uint8Array.of(1, 2, 3) }])
  })

  it('is ready for a message of the length that is asked for', async () => {
    using events = createStream(uniqueName('stream'), Event, { capacity: CAPACITY })
    using _consumer = new HoldingConsumer(events.name, Event)
    while (events.claimMember('blob', 1000)) events.commit()
    expect(await events.ready({ length: 1000, timeoutMs: 0 })).toBe(false)
    expect(events.readySync({ timeoutMs: 0, length: 16 })).toBe(true)
    expect(events.claimMember('blob', 16)).toBeDefined()
    await expect(events.ready()).rejects.toThrow(/length/)
    events.abort()
    const longest = events.maxMessageLength - UNION_HEADER_LENGTH
    expect(events.readySync({ timeoutMs: 0, length: longest })).toBe(false)
    for (const length of [longest + 1, -9, 1.5]) {
      expect(() => events.readySync({ timeoutMs: 0, length })).toThrow(RangeError)
      await expect(events.ready({ length, timeoutMs: 0 })).rejects.toThrow(RangeError)
    }
    using numbers = make()
    expect(() => numbers.readySync({ timeoutMs: 0, length: 8 })).toThrow(RangeError)
  })

  it('flushes when every message has been taken, even if an aborted claim has left padding at the end of the lane', async () => {
    using writer = createStream(uniqueName('stream'), payload.bytes, { capacity: CAPACITY })
    using consumer = new HoldingConsumer(writer.name, payload.bytes)
    const message = new Uint8Array(20_000)
    for (let sent = 0; sent < 3; sent++) expect(writer.trySend(message)).toBe(true)
    expect(consumer.read()).toHaveLength(3)
    expect(writer.claim(20_000)).toBeDefined()
    await writer.flush()
    writer.abort()
    await writer.flush()
    writer.trySend(message)
    await expect(writer.flush({ timeoutMs: 0 })).rejects.toThrow(code('TIMED_OUT'))
  })

  it('rejects flush with CORRUPT if the position of a consumer is in the middle of a message', async () => {
    using writer = createStream(uniqueName('stream'), payload.bytes, { capacity: CAPACITY })
    using consumer = new HoldingConsumer(writer.name, payload.bytes)
    writer.trySend(new Uint8Array(100).fill(0xff))
    consumer.slot.release(0, 8)
    await expect(writer.flush()).rejects.toThrow(code('CORRUPT'))
  })

  it('flushes when every message has been taken, and at once without consumers', async () => {
    using writer = make()
    await writer.flush()
    writer.trySend(1)
    await writer.flush({ timeoutMs: 0 })
    using consumer = new HoldingConsumer(writer.name, u32)
    writer.trySend(2)
    let flushed = false
    const flushing = writer.flush().then(() => {
      flushed = true
    })
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(flushed).toBe(false)
    writer.trySend(3)
    consumer.read(2)
    ring(writer)
    await flushing
    expect(consumer.read()).toEqual([3])
  })
})

/** Rings the producers, as a consumer does after it has released room. */
function ring(writer: StreamWriter<typeof u32>): void {
  using other = new HoldingConsumer(writer.name, u32)
  Bells.of(other.channel, other.channel.control.producers).ringSleepers()
}

describe('a value', () => {
  it.each([
    [
      'a struct',
      Quote,
      quote(1),
      [{ ...quote(1), seq: -1 }, { ...quote(1), symbol: 'too long a symbol' }, 5, undefined],
    ],
    ['a scalar', u32, 5, [-1, 1.5, '5', 2 ** 32]],
    ['bytes', payload.bytes, new Uint8Array([1, 2]), ['text', undefined, new Uint8Array(40_000)]],
    ['text', payload.utf8, 'hällo', [5, 'x'.repeat(40_000)]],
    ['JSON', payload.json(), { a: [1, null] }, [undefined, Math.max, 5n]],
    ['MessagePack', messagepack(), { a: [1, null] }, [undefined, Math.max, Symbol('x')]],
    ['a union', Event, { kind: 'note', value: 'hi' }, [{ kind: 'other', value: 1 }, { kind: 'quote', value: 1 }, null]],
  ] as const)('of %s that does not fit is refused, and no part of it is sent', async (_, schema, good, bad) => {
    using writer = createStream(uniqueName('stream'), schema as typeof payload.utf8, { capacity: CAPACITY })
    using consumer = new HoldingConsumer(writer.name, schema as typeof payload.utf8)
    const right = good as string
    for (const value of bad as readonly unknown[]) {
      const wrong = value as string
      const refusal = /TypeError|RangeError/
      expect(() => writer.trySend(wrong)).toThrow(expect.objectContaining({ name: expect.stringMatching(refusal) }))
      await expect(writer.send(wrong)).rejects.toMatchObject({ name: expect.stringMatching(refusal) })
      expect(() => writer.sendSync(wrong)).toThrow(expect.objectContaining({ name: expect.stringMatching(refusal) }))
      expect(consumer.read()).toEqual([])
      expect(() => writer.trySendBatch([right, right, wrong, right])).toThrow(
        expect.objectContaining({ name: expect.stringMatching(refusal) }),
      )
      await expect(writer.sendBatch([right, wrong])).rejects.toMatchObject({ name: expect.stringMatching(refusal) })
      expect(consumer.read()).toEqual([right, right, right])
    }
    expect(writer.trySend(right)).toBe(true)
    expect(writer.trySendBatch([right, right], 1)).toBe(1)
    expect(writer.trySendBatch([right], 5)).toBe(0)
    for (const first of [-1, 0.5, Number.NaN]) expect(() => writer.trySendBatch([right], first)).toThrow(RangeError)
    expect(() => writer.trySendBatch([right], '1' as never)).toThrow('first must be a whole number from 0')
    expect(consumer.read()).toEqual([right, right])
  })
})

describe('a claim', () => {
  it('of every length up to the longest is sent whole, wherever the end of the lane falls', () => {
    using writer = createStream(uniqueName('stream'), payload.bytes, { capacity: CAPACITY })
    using consumer = new HoldingConsumer(writer.name, payload.bytes)
    expect(writer.maxMessageLength).toBe(CAPACITY / 2 - 16)
    for (const length of [1, 0, 7, 8, 9, 1000, 20_000, writer.maxMessageLength, 5, writer.maxMessageLength, 1]) {
      const room = writer.claim(length)
      if (room === undefined) expect.unreachable('there is room for the longest')
      expect(room.length).toBe(length)
      for (let i = 0; i < length; i++) room.set(i, (i * 7 + length) & 0xff)
      writer.commit()
      const [got] = consumer.read()
      expect(got?.length).toBe(length)
      expect(got?.every((byte, i) => byte === ((i * 7 + length) & 0xff))).toBe(true)
    }
  })

  it('that is too long is refused', () => {
    using writer = createStream(uniqueName('stream'), payload.bytes, { capacity: CAPACITY })
    for (const length of [writer.maxMessageLength + 1, -1, 1.5, Number.NaN, 2 ** 32, Infinity]) {
      expect(() => writer.claim(length)).toThrow(RangeError)
    }
    expect(() => writer.claim()).toThrow(TypeError)
    expect(() => writer.trySend(new Uint8Array(writer.maxMessageLength + 1))).toThrow(RangeError)
    expect(writer.trySend(new Uint8Array(writer.maxMessageLength))).toBe(true)
  })

  it('may be sent shorter than claimed, not longer', () => {
    using writer = createStream(uniqueName('stream'), payload.bytes, { capacity: CAPACITY })
    using consumer = new HoldingConsumer(writer.name, payload.bytes)
    writer.claim(100)?.set(new Uint8Array(100).fill(7))
    for (const length of [101, -1, 1.5, Number.NaN]) expect(() => writer.commit(length)).toThrow(RangeError)
    writer.commit(3)
    writer.claim(100)?.set(new Uint8Array(100).fill(8))
    writer.commit(0)
    expect(consumer.read()).toEqual([new Uint8Array(3).fill(7), new Uint8Array(0)])
    expect(() => writer.commit()).toThrow(TypeError)
  })

  it('is refused while another claim is open, and leaves no trace after an abort', () => {
    using writer = createStream(uniqueName('stream'), Quote, { capacity: CAPACITY })
    using consumer = new HoldingConsumer(writer.name, Quote)
    const room = writer.claim()
    if (room === undefined) expect.unreachable()
    expect(() => writer.claim()).toThrow(TypeError)
    expect(() => writer.trySend(quote(1))).toThrow(TypeError)
    expect(() => writer.trySendBatch([quote(1)])).toThrow(TypeError)
    expect(() => writer.fillBatch(1, () => {})).toThrow(TypeError)
    Quote.assign(room, quote(2))
    writer.abort()
    writer.abort()
    expect(() => writer.commit()).toThrow(TypeError)
    expect(writer.trySend(quote(3))).toBe(true)
    expect(consumer.read()).toEqual([quote(3)])
    expect(writer.sent).toBe(1)
  })

  it('that its schema refuses is aborted', () => {
    using writer = createStream(uniqueName('stream'), Quote, { capacity: CAPACITY })
    for (const length of [4, Quote.length + 1]) {
      expect(() => writer.claim(length)).toThrow(RangeError)
      expect(writer.trySend(quote(1))).toBe(true)
    }
    writer.claim()
    expect(() => writer.commit(4)).toThrow(RangeError) // no consumer could read it
    writer.abort()

    using events = createStream(uniqueName('stream'), Event, { capacity: CAPACITY })
    expect(() => events.claimMember('quote', 4)).toThrow(RangeError)
    for (const kind of ['other', 'toString', '__proto__']) {
      expect(() => events.claimMember(kind as 'quote', 5)).toThrow(TypeError)
    }
    for (const length of [-1, -8, Number.NaN]) expect(() => events.claimMember('blob', length)).toThrow(RangeError)
    expect(() => events.readySync({ length: -4 })).toThrow(RangeError)
    expect(() => events.claimMember('blob')).toThrow(TypeError)
    events.trySend({ kind: 'quote', value: quote(1) })
    expect(() => events.claim(50)).toThrow(RangeError) // whatever kind the old bytes in its place name
    expect(events.trySend({ kind: 'note', value: 'x' })).toBe(true)
    expect(() => writer.claimMember('quote' as never)).toThrow(TypeError)
  })

  it('of a kind of a union is sent as that kind', () => {
    using writer = createStream(uniqueName('stream'), Event, { capacity: CAPACITY })
    using consumer = new HoldingConsumer(writer.name, Event)
    const room = writer.claimMember('quote')
    if (room === undefined) expect.unreachable()
    Quote.assign(room, quote(9))
    writer.commit()
    writer.claimMember('blob', 10)?.set(new Uint8Array(10).fill(3))
    for (const length of [-1, -8, 11]) expect(() => writer.commit(length)).toThrow(RangeError)
    writer.commit(2)
    writer.claimMember('blob', 10)?.set(new Uint8Array(10).fill(4))
    writer.commit(0)
    expect(consumer.read()).toEqual([
      { kind: 'quote', value: quote(9) },
      { kind: 'blob', value: new Uint8Array([3, 3]) },
      { kind: 'blob', value: new Uint8Array(0) },
    ])
  })
})

describe('a batch', () => {
  it('larger than the lane is sent piece by piece, in order', async () => {
    using writer = createStream(uniqueName('stream'), payload.utf8, { capacity: CAPACITY })
    using consumer = new HoldingConsumer(writer.name, payload.utf8)
    const texts = Array.from({ length: 3000 }, (_, i) => `${i} ${'x'.repeat(i % 100)}`)
    const sending = writer.sendBatch(texts)
    const got: string[] = []
    while (got.length < texts.length) {
      got.push(...consumer.read(500))
      await new Promise((resolve) => setTimeout(resolve, 1))
      Bells.of(consumer.channel, consumer.channel.control.producers).ringSleepers()
    }
    await sending
    expect(got).toEqual(texts)
  })

  it('is visible as a whole', () => {
    using writer = make()
    using consumer = new HoldingConsumer(writer.name, u32)
    const seen: number[] = []
    writer.fillBatch(3, () => {
      seen.push(consumer.read().length)
    })
    expect(seen).toEqual([0, 0, 0])
    expect(consumer.read()).toHaveLength(3)
  })

  it('that is filled in place wraps at the end of the lane, and fills at most the free room', () => {
    using writer = createStream(uniqueName('stream'), Quote, { capacity: CAPACITY })
    using consumer = new HoldingConsumer(writer.name, Quote)
    let sent = 0
    let read = 0
    let partial = 0
    const check = (messages: ReturnType<typeof quote>[]) => {
      for (const { symbol, bid, seq } of messages) {
        if (symbol !== 'ACME' || bid !== read / 2 || seq !== read) expect.unreachable(`${seq} in place of ${read}`)
        read++
      }
    }
    for (let round = 0; round < 200; round++) {
      const wanted = 1 + ((round * 577) % 3000)
      const done = writer.fillBatch(wanted, (message, index) => {
        message.symbol = 'ACME'
        message.bid = (sent + index) / 2
        message.seq = sent + index
      })
      if (done < wanted) partial++
      sent += done
      check(consumer.read((round * 331) % 2500))
    }
    check(consumer.read())
    expect(read).toBe(sent)
    expect(partial).toBeGreaterThan(0)
    expect(writer.fillBatch(0, () => expect.unreachable())).toBe(0)
    expect(writer.fillBatch(-1, () => expect.unreachable())).toBe(0)
  })

  it('sends the messages that were filled before the callback threw', () => {
    using writer = make()
    using consumer = new HoldingConsumer(writer.name, u32)
    for (const failing of [0, 1, 2, 5]) {
      const fail = () =>
        writer.fillBatch(10, (message, index) => {
          if (index === failing) throw new Error('no more')
          ;(message as { value: number }).value = index
        })
      expect(fail).toThrow('no more')
      expect(consumer.read()).toEqual(Array.from({ length: failing }, (_, i) => i))
    }
    expect(() => createStream(uniqueName('stream'), payload.utf8).fillBatch(1, () => {})).toThrow(TypeError)
  })

  it('is not disturbed by calls that its callback must not make', () => {
    using writer = make()
    using consumer = new HoldingConsumer(writer.name, u32)
    const done = writer.fillBatch(4, (message, index) => {
      ;(message as { value: number }).value = index
      expect(() => writer.commit()).toThrow(TypeError)
      writer.abort()
      expect(() => writer.claim()).toThrow(TypeError)
      expect(() => writer.trySend(1)).toThrow(TypeError)
      expect(() => writer.trySendBatch([1])).toThrow(TypeError)
      expect(() => writer.fillBatch(1, () => {})).toThrow(TypeError)
    })
    expect(done).toBe(4)
    writer.trySend(4)
    expect(consumer.read()).toEqual([0, 1, 2, 3, 4])
  })
})

describe('a producer without consumers', () => {
  it('keeps the latest messages', () => {
    using writer = make()
    for (let i = 0; i < 100_000; i++) if (!writer.trySend(i)) expect.unreachable()
    using consumer = new HoldingConsumer(writer.name, u32)
    const held = consumer.read()
    expect(held.length).toBeGreaterThan(CAPACITY / 16 / 2)
    expect(held).toEqual(Array.from({ length: held.length }, (_, i) => 100_000 - held.length + i))
  })

  it('waits if the stream was created with withoutConsumers: "wait"', async () => {
    using writer = make({ withoutConsumers: 'wait' })
    const sent = fill(writer)
    await expect(writer.send(0, { timeoutMs: 5 })).rejects.toThrow(code('TIMED_OUT'))
    const waiting = writer.send(sent + 1)
    using consumer = new HoldingConsumer(writer.name, u32)
    expect(consumer.read()).toEqual(Array.from({ length: sent }, (_, i) => i + 1))
    Bells.of(consumer.channel, consumer.channel.control.producers).ringSleepers()
    await waiting
    expect(consumer.read()).toEqual([sent + 1])
  })

  it('never waits if consumers are overtaken', () => {
    using writer = make({ overflow: 'overwrite', withoutConsumers: 'wait' })
    for (let i = 0; i < 100_000; i++) if (!writer.trySend(i)) expect.unreachable()
    expect(writer.trySendBatch(Array.from({ length: 1000 }, (_, i) => i))).toBe(1000)
    expect(writer.consumers).toBe(0)
  })
})

describe('a closed producer', () => {
  it('throws CLOSED from each of its methods', async () => {
    const writer = createStream(uniqueName('stream'), u32, { capacity: CAPACITY })
    writer.trySend(1)
    expect(writer.closed).toBe(false)
    writer.close()
    writer.close()
    expect(writer.closed).toBe(true)
    expect(writer.sent).toBe(1)
    for (const call of [
      () => writer.trySend(1),
      () => writer.sendSync(1),
      () => writer.trySendBatch([1]),
      () => writer.fillBatch(1, () => {}),
      () => writer.claim(),
      () => writer.readySync(),
      () => writer.commit(),
      () => writer.consumers,
    ]) {
      expect(call).toThrow(code('CLOSED'))
      expect(call).toThrow(`Stream "${writer.name}": this producer is closed.`)
    }
    for (const promise of [writer.send(1), writer.sendBatch([1]), writer.ready(), writer.flush()]) {
      await expect(promise).rejects.toThrow(code('CLOSED'))
    }
    writer.abort()
    writer.ref().unref()
  })

  it('has aborted its claim, and its methods for unions throw CLOSED, too', () => {
    const writer = createStream(uniqueName('stream'), Event, { capacity: CAPACITY })
    const room = writer.claimMember('blob', 10)
    writer.close()
    expect(() => room?.length).toThrow(code('CLOSED'))
    expect(() => writer.claimMember('quote')).toThrow(code('CLOSED'))
    expect(() => writer.claim(20)).toThrow(code('CLOSED'))
  })

  it('removes memory that it held alone, and `using` closes it', () => {
    const name = uniqueName('stream')
    {
      using _writer = createStream(name, u32, { capacity: CAPACITY })
    }
    expect(() => SharedMemory.open(name)).toThrow(code('NOT_FOUND'))
  })

  it('accepts ref and unref at any time, even after it was closed while asleep', async () => {
    const writer = make({ waitStrategy: 'park' })
    using _consumer = new HoldingConsumer(writer.name, u32)
    fill(writer)
    const waiting = writer.send(1)
    await new Promise((resolve) => setTimeout(resolve, 5))
    writer.unref().ref()
    writer.close()
    writer.unref()
    await expect(waiting).rejects.toThrow(code('CLOSED'))
  })
})

it('bytes in a struct arrive as a Uint8Array', () => {
  const Frame = struct('Frame', { seq: u32, data: bytes(16) })
  using writer = createStream(uniqueName('stream'), Frame, { capacity: CAPACITY })
  using consumer = new HoldingConsumer(writer.name, Frame)
  writer.trySend({ seq: 1, data: new Uint8Array(16).fill(9) })
  expect(consumer.read()).toEqual([{ seq: 1, data: new Uint8Array(16).fill(9) }])
})
