import { inspect } from 'node:util'
import { SharedMemory } from '@memlane/core'
import { createStream, joinStream } from '@memlane/producer'
import { array, bytes, f64, i64, payload, type Schema, struct, u8, u32, union, utf8 } from '@memlane/protocol'
import { codecOf, LaneReader } from '@memlane/protocol/internal'
import { messagepack } from '@memlane/protocol/messagepack'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { openStream, type StreamReader } from '../src/index.js'

const CAPACITY = 65_536
const SMALL = { capacity: CAPACITY }
const Quote = struct('Quote', { symbol: utf8(8), bid: f64, seq: u32 })
const Event = union({ quote: Quote, note: payload.utf8, blob: payload.bytes })
const code = (code: string) => expect.objectContaining({ name: 'SharedMemoryError', code })
const numbers = (count: number, first = 0) => Array.from({ length: count }, (_, i) => first + i)

function make(options: Parameters<typeof createStream>[2] = {}) {
  return createStream(uniqueName('stream'), u32, { ...SMALL, ...options })
}

function drain<S extends Schema>(reader: StreamReader<S>) {
  const messages = []
  for (let message = reader.tryReceive(); message !== undefined; message = reader.tryReceive()) messages.push(message)
  return messages
}

describe('a message of MessagePack', () => {
  it('carries nothing that another stream has carried', async () => {
    using secrets = createStream(uniqueName('stream'), messagepack(), SMALL)
    using open = createStream(uniqueName('stream'), messagepack(), SMALL)
    using reader = await openStream(open.name, messagepack())
    secrets.trySend({ password: 'PASSWORD=correct horse battery staple'.repeat(100) })
    open.trySend({ samples: new Int16Array(100) })
    expect(reader.tryReceive()).toEqual({ samples: new Int16Array(100) })
  })
})

describe('messages arrive as they were sent', () => {
  it.each([
    ['a struct', Quote, numbers(5).map((seq) => ({ symbol: 'ÄCME', bid: seq / 3, seq }))],
    ['a scalar', i64, [1n, -(2n ** 63n)]],
    ['an array', array(u8, 3), [[1, 2, 3]]],
    ['raw bytes of one length', bytes(3), [new Uint8Array([1, 2, 3])]],
    ['bytes', payload.bytes, [new Uint8Array(0), new Uint8Array([1]), new Uint8Array(10_000).fill(7)]],
    ['text', payload.utf8, ['', 'hällo ☃ 𝄞', 'x'.repeat(30_000)]],
    ['JSON', payload.json(), [null, false, 0, '', [], { a: [{ b: null }] }]],
    [
      'MessagePack',
      messagepack(),
      [null, false, 0, '', [], { a: [{ b: 2n ** 60n }] }, new Date(5), Float32Array.of(1)],
    ],
    [
      'a union',
      Event,
      [
        { kind: 'note', value: '' },
        { kind: 'blob', value: new Uint8Array(3) },
        { kind: 'note', value: 'x' },
      ],
    ],
  ] as const)('%s', async (_, anySchema, anyValues) => {
    const schema = anySchema as typeof payload.utf8
    const values = anyValues as unknown as string[]
    using writer = createStream(uniqueName('stream'), schema, SMALL)
    using reader = await openStream(writer.name, schema)
    for (const value of values) expect(writer.trySend(value)).toBe(true)
    expect(drain(reader)).toEqual(values)
    expect(writer.trySendBatch(values)).toBe(values.length)
    for (const value of values) expect(await reader.receive()).toEqual(value)
    await writer.sendBatch(values)
    for (const value of values) expect(reader.receiveSync()).toEqual(value)
    await writer.send(values[0] as string)
    writer.close()
    const rest = []
    for await (const value of reader) rest.push(value)
    expect(rest).toEqual([values[0]])
  })

  it('in place, as their accessor', async () => {
    using writer = createStream(uniqueName('stream'), Event, SMALL)
    using reader = await openStream(writer.name, Event)
    writer.trySend({ kind: 'quote', value: { symbol: 'A', bid: 1, seq: 2 } })
    writer.trySend({ kind: 'note', value: 'hi' })
    const seen: unknown[] = []
    reader.poll((message) => {
      if (message.kind === 'quote') seen.push(Quote.copy(message.value))
      else seen.push(message.value)
    })
    expect(seen).toEqual([{ symbol: 'A', bid: 1, seq: 2 }, 'hi'])
  })
})

describe('several producers and consumers', () => {
  it("every consumer gets every message, in each producer's order", async () => {
    using first = make({ maxProducers: 3, maxConsumers: 3 })
    using second = await joinStream(first.name, u32)
    using third = await joinStream(first.name, u32)
    const writers = [first, second, third]
    using a = await openStream(first.name, u32)
    using b = await openStream(first.name, u32, { waitStrategy: 'park' })
    using c = await openStream(first.name, u32, { waitStrategy: 'spin' })
    const total = 5000
    const producing = writers.map(async (writer, index) => {
      for (let i = 0; i < total; i++) await writer.send(index * 1_000_000 + i)
      writer.close()
    })
    const consuming = [a, b, c].map(async (reader) => {
      const next = [0, 0, 0]
      for await (const message of reader) {
        const index = Math.floor(message / 1_000_000)
        expect(message % 1_000_000).toBe(next[index])
        next[index] = (next[index] as number) + 1
      }
      return next
    })
    await Promise.all(producing)
    expect(await Promise.all(consuming)).toEqual(Array(3).fill([total, total, total]))
    for (const reader of [a, b, c]) expect([reader.end, reader.missed]).toEqual(['closed', 0])
  })

  it('a busy lane does not keep the others waiting', async () => {
    using busy = make()
    using quiet = await joinStream(busy.name, u32)
    using reader = await openStream(busy.name, u32)
    for (let i = 0; i < 3000; i++) busy.trySend(i)
    quiet.trySend(1_000_000)
    expect(numbers(200).map(() => reader.tryReceive())).toContain(1_000_000)
    for (let i = 0; i < 1000; i++) busy.trySend(i)
    quiet.trySend(1_000_001)
    const polled: number[] = []
    reader.poll((message) => polled.push(message.value), 200)
    expect(polled).toHaveLength(200)
    expect(polled).toContain(1_000_001)
  })

  it('openStream rejects with FULL while all consumer slots are taken', async () => {
    using writer = make({ maxConsumers: 2 })
    using _first = await openStream(writer.name, u32)
    const second = await openStream(writer.name, u32)
    await expect(openStream(writer.name, u32)).rejects.toThrow(code('FULL'))
    await expect(openStream(writer.name, u32)).rejects.toThrow(/no consumer slot is free: maxConsumers is 2/)
    expect(writer.consumers).toBe(2)
    second.close()
    using third = await openStream(writer.name, u32)
    writer.trySend(3)
    expect(third.tryReceive()).toBe(3)
  })

  it('the messages of a producer that joins, sends and closes between two checks arrive', async () => {
    using keeper = make()
    using reader = await openStream(keeper.name, u32)
    expect(reader.tryReceive()).toBeUndefined()
    for (let round = 0; round < 5; round++) {
      const guest = await joinStream(keeper.name, u32)
      guest.trySendBatch([round, round + 100])
      guest.close()
      expect(drain(reader)).toEqual([round, round + 100])
      const other = await joinStream(keeper.name, u32)
      other.trySend(round)
      other.close()
      expect(await reader.receive()).toBe(round)
      expect(reader.poll(() => {})).toBe(0)
    }
    expect(reader.end).toBeUndefined()
    expect(reader.producers).toBe(1)
  })
})

describe('openStream', () => {
  it('waits for the stream, and rejects with TIMED_OUT or with the reason of the abort', async () => {
    const name = uniqueName('stream')
    const opening = openStream(name, u32)
    using writer = createStream(name, u32, SMALL)
    using reader = await opening
    writer.trySend(1)
    expect(await reader.receive()).toBe(1)
    const missing = uniqueName('stream')
    await expect(openStream(missing, u32, { timeoutMs: 0 })).rejects.toThrow(code('TIMED_OUT'))
    await expect(openStream(missing, u32, { timeoutMs: 5 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      cause: expect.objectContaining({ code: 'NOT_FOUND' }),
    })
    await expect(openStream(missing, u32, { signal: AbortSignal.abort('no') })).rejects.toBe('no')
    const controller = new AbortController()
    const aborted = openStream(missing, u32, { signal: controller.signal })
    controller.abort('later')
    await expect(aborted).rejects.toBe('later')
  })

  it('shows both schemas when they differ', async () => {
    using writer = createStream(uniqueName('stream'), Quote, SMALL)
    const Other = struct('Other', { value: f64 })
    const error = await openStream(writer.name, Other).catch((error) => error)
    expect(error).toEqual(code('SCHEMA_MISMATCH'))
    for (const word of [writer.name, 'Quote', 'symbol', 'Other', 'value']) expect(error.message).toContain(word)
    await expect(joinStream(writer.name, u32)).rejects.toThrow(code('SCHEMA_MISMATCH'))
  })

  it('refuses memory that is no stream, short or long', async () => {
    for (const length of [1, 79, 4096, 65_536, 2 ** 20]) {
      const name = uniqueName('stream')
      using _foreign = SharedMemory.create(name, length, { initialize: (buffer) => new Uint8Array(buffer).fill(0x55) })
      await expect(openStream(name, u32)).rejects.toThrow(code('NOT_A_CHANNEL'))
      await expect(joinStream(name, u32)).rejects.toThrow(code('NOT_A_CHANNEL'))
    }
  })

  it('rejects with NOT_READY if the memory does not become a stream', async () => {
    const name = uniqueName('stream')
    using _foreign = SharedMemory.create(name, 2 ** 20)
    await expect(openStream(name, u32)).rejects.toThrow(code('NOT_READY'))
    const controller = new AbortController()
    setTimeout(() => controller.abort('enough'), 20)
    await expect(openStream(name, u32, { signal: controller.signal })).rejects.toBe('enough')
    expect(() => createStream(name, u32, { existing: 'join' })).toThrow(code('NOT_READY'))
  })

  it('refuses another version, another shape, and numbers that do not fit', async () => {
    using writer = make()
    using memory = SharedMemory.open(writer.name)
    const view = new DataView(memory.buffer)
    for (const [offset, value, expected] of [
      [4, 1, 'VERSION_MISMATCH'],
      [32, 9, 'NOT_A_CHANNEL'],
      [44, 65_537, 'CORRUPT'],
      [44, 2 ** 29, 'CORRUPT'],
      [48, 64, 'CORRUPT'],
      [52, 0, 'CORRUPT'],
      [60, 3, 'CORRUPT'],
      [60, 2 ** 31, 'CORRUPT'],
      [36, 2, 'CORRUPT'],
      [0, 0x12345678, 'NOT_A_CHANNEL'],
    ] as const) {
      const right = view.getUint32(offset, true)
      view.setUint32(offset, value, true)
      await expect(openStream(writer.name, u32)).rejects.toThrow(code(expected))
      view.setUint32(offset, right, true)
    }
    using reader = await openStream(writer.name, u32)
    writer.trySend(1)
    expect(reader.tryReceive()).toBe(1)
  })

  it('refuses access "read" to a stream whose producers wait for consumers', async () => {
    using writer = make()
    await expect(openStream(writer.name, u32, { access: 'read' })).rejects.toThrow(code('ACCESS_DENIED'))
    expect(writer.consumers).toBe(0)
  })
})

describe('a producer and a consumer', () => {
  it('show themselves in the console', async () => {
    const writer = make()
    const reader = await openStream(writer.name, u32)
    const shown = () => [writer, reader].map((side) => inspect(side, { breakLength: Infinity }))
    writer.trySendBatch(numbers(3))
    const name = `name: '${writer.name}', schema: 'u32'`
    expect(shown()).toEqual([
      `StreamWriter { ${name}, lane: 0, closed: false, sent: 3, lag: 3 }`,
      `StreamReader { ${name}, closed: false, end: undefined, missed: 0, lag: 3 }`,
    ])
    writer.close()
    reader.close()
    expect(shown()).toEqual([
      `StreamWriter { ${name}, lane: 0, closed: true }`,
      `StreamReader { ${name}, closed: true }`,
    ])
  })

  it('shows no old bytes of the lane if a getter gives fewer bytes than it gave to the check', async () => {
    const Message = struct('Message', { bytes: bytes(8) })
    using writer = createStream(uniqueName('stream'), Message, { capacity: 65_536 })
    using reader = await openStream(writer.name, Message)
    for (let i = 0; i < 5000; i++) {
      writer.trySend({ bytes: new Uint8Array(8).fill(83) })
      reader.poll(() => {})
    }
    let reads = 0
    writer.trySend({
      get bytes() {
        return new Uint8Array(reads++ ? 2 : 8)
      },
    })
    expect([...(reader.tryReceive()?.bytes ?? [])]).toEqual(Array(8).fill(0))
  })

  it('keeps a message whole if a getter of the next one aborts it and sends another', async () => {
    const Pair = struct('Pair', { a: u32, b: u32 })
    using writer = createStream(uniqueName('stream'), Pair, SMALL)
    using reader = await openStream(writer.name, Pair)
    const meddling = {
      get a() {
        writer.abort()
        expect(() => writer.trySend({ a: 1, b: 1 })).toThrow(/pending/)
        expect(() => writer.commit()).toThrow(/nothing is claimed/)
        return 7
      },
      b: 8,
    }
    writer.trySend({ a: 0, b: 0 })
    writer.trySend(meddling)
    writer.trySendBatch([meddling])
    expect(drain(reader)).toEqual([
      { a: 0, b: 0 },
      { a: 7, b: 8 },
      { a: 7, b: 8 },
    ])
  })

  it('refuses a value that does not fit even if there is no room, and sends the next one that fits', async () => {
    const Pair = struct('Pair', { a: u32, b: u32 })
    using writer = createStream(uniqueName('stream'), Pair, SMALL)
    using reader = await openStream(writer.name, Pair)
    const wrong = { a: 1, b: -1 }
    writer.trySend({ a: 0, b: 0 })
    expect(() => writer.trySend(wrong)).toThrow(RangeError)
    while (writer.trySend({ a: 1, b: 1 })) {}
    expect(() => writer.trySend(wrong)).toThrow(RangeError)
    const { length } = drain(reader)
    expect(() => writer.trySendBatch([{ a: 2, b: 2 }, wrong, { a: 3, b: 3 }])).toThrow(RangeError)
    writer.trySend({ a: 4, b: 4 })
    expect(drain(reader)).toEqual([
      { a: 2, b: 2 },
      { a: 4, b: 4 },
    ])
    expect(length).toBeGreaterThan(1000)
  })

  it('is written by `measure` and `encode` of a codec whose `write` is a method of its own', async () => {
    const log: string[] = []
    const codec = {
      ...codecOf(u32),
      checkAndPut: undefined as never,
      write: (text: string) => log.push(text),
    }
    using writer = createStream(uniqueName('stream'), codec, SMALL)
    using reader = await openStream(writer.name, u32)
    writer.trySend(7)
    writer.trySendBatch([8, 9])
    expect([drain(reader), log]).toEqual([[7, 8, 9], []])
  })

  it('is sent although a getter of it tries to close the producer', async () => {
    const Pair = struct('Pair', { a: u32, b: u32 })
    for (const schema of [Pair, union({ pair: Pair })]) {
      using writer = createStream<Schema>(uniqueName('stream'), schema, SMALL)
      using reader = await openStream<Schema>(writer.name, schema)
      const pair = {
        get a() {
          expect(() => writer.close()).toThrow(/close\(\) is not possible while a (message|batch) is written/)
          return 7
        },
        b: 8,
      }
      const message = schema === Pair ? pair : { kind: 'pair', value: pair }
      if (schema === Pair) writer.trySend(message)
      writer.trySendBatch([message])
      expect(drain(reader).length).toBe(schema === Pair ? 2 : 1)
    }
  })

  it('is refused as by a closed producer if measuring it closes the producer', async () => {
    const closing = (writer: { close(): void }, first = 1) => {
      let calls = 0
      return {
        toJSON() {
          if (++calls === first) writer.close()
          return 'x'.repeat(1000)
        },
      }
    }
    using sender = createStream(uniqueName('stream'), payload.json(), SMALL)
    expect(() => sender.trySend(closing(sender))).toThrow(code('CLOSED'))
    for (const first of [1, 2]) {
      using full = createStream(uniqueName('stream'), payload.json(), SMALL)
      using _reader = await openStream(full.name, payload.json())
      while (full.trySend('x'.repeat(1000))) {}
      expect(() => full.sendSync(closing(full, first))).toThrow(code('CLOSED'))
    }
    using waiting = createStream(uniqueName('stream'), payload.json(), SMALL)
    using _reader = await openStream(waiting.name, payload.json())
    while (waiting.trySend('x'.repeat(1000))) {}
    await expect(waiting.send(closing(waiting, 2))).rejects.toEqual(code('CLOSED'))
  })

  it('loses no filled message, as close() is refused while a batch is written', async () => {
    using writer = make()
    using reader = await openStream(writer.name, u32)
    expect(() => writer.fillBatch(3, (_, index) => index === 2 && writer.close())).toThrow(/close\(\) is not possible/)
    expect(writer.closed).toBe(false)
    expect(reader.poll(() => {})).toBe(2)
  })
})

describe('poll', () => {
  it('handles at most `limit` messages, and returns how many it handled', async () => {
    using writer = make()
    using reader = await openStream(writer.name, u32)
    writer.trySendBatch(numbers(2000))
    const seen: number[] = []
    const handle = (message: { value: number }) => {
      seen.push(message.value)
    }
    for (const limit of [1, 0, 63, 64, 65]) reader.poll(handle, limit)
    for (const limit of [-1, Number.NaN, {} as number]) expect(() => reader.poll(handle, limit)).toThrow(RangeError)
    expect(seen).toEqual(numbers(193))
    expect(reader.poll(handle)).toBe(1024)
    expect(reader.poll(handle, Infinity)).toBe(2000 - 193 - 1024)
    expect(reader.poll(handle)).toBe(0)
    expect(seen).toEqual(numbers(2000))
  })

  it('finds a new producer even if the handler always throws for the messages of another producer', async () => {
    using writer = make()
    using reader = await openStream(writer.name, u32)
    using other = await joinStream(writer.name, u32)
    other.trySend(7)
    const seen: number[] = []
    for (let value = 100; value < 200; value++) {
      writer.trySend(value)
      try {
        reader.poll((message) => {
          if (message.value >= 100) throw new Error('on purpose')
          seen.push(message.value)
        })
      } catch {}
    }
    expect(seen).toEqual([7])
  })

  it('counts a message whose handling throws as received', async () => {
    using writer = make()
    using reader = await openStream(writer.name, u32)
    writer.trySendBatch(numbers(5))
    const seen: number[] = []
    const handle = (message: { value: number }) => {
      if (message.value === 2) throw new Error('not this one')
      seen.push(message.value)
    }
    expect(() => reader.poll(handle)).toThrow('not this one')
    expect(reader.poll(handle)).toBe(2)
    expect(seen).toEqual([0, 1, 3, 4])
  })

  it.each(['wait', 'overwrite'] as const)('ends when its handler closes the consumer, with %s', async (overflow) => {
    using writer = make({ overflow })
    using other = await joinStream(writer.name, u32)
    const reader = await openStream(writer.name, u32)
    writer.trySendBatch(numbers(100))
    other.trySendBatch(numbers(100))
    let seen = 0
    expect(
      reader.poll(() => {
        if (++seen === 3) reader.close()
      }),
    ).toBe(3)
    expect(() => reader.poll(() => {})).toThrow(code('CLOSED'))
    expect(writer.consumers).toBe(0)
  })

  it('may be called by its own handler, which may close after that', async () => {
    using keeper = make()
    const other = await joinStream(keeper.name, u32)
    const reader = await openStream(keeper.name, u32)
    other.trySendBatch(numbers(10))
    other.close()
    const seen: number[] = []
    reader.poll((message) => {
      seen.push(message.value)
      if (message.value === 3) reader.poll((inner) => seen.push(inner.value), 2)
      if (message.value === 7) {
        while (reader.tryReceive() !== undefined);
        reader.tryReceive()
        reader.close()
      }
    })
    expect(seen).toEqual(numbers(8))
  })

  it.each(['the first message', 'a later message'])(
    'of the only lane ends when the handler of %s closes the consumer',
    async (which) => {
      using writer = make()
      const reader = await openStream(writer.name, u32)
      expect(reader.poll(() => {})).toBe(0)
      writer.trySendBatch(numbers(100))
      const last = which === 'the first message' ? 0 : 40
      const seen: number[] = []
      const handled = reader.poll((message) => {
        seen.push(message.value)
        if (message.value === last) reader.close()
      })
      expect(handled).toBe(last + 1)
      expect(seen).toEqual(numbers(last + 1))
      expect(() => reader.poll(() => {})).toThrow(code('CLOSED'))
      expect(writer.consumers).toBe(0)
    },
  )

  it('of the only lane may be called by its own handler, which may find the end', async () => {
    const writer = make()
    using reader = await openStream(writer.name, u32)
    expect(reader.poll(() => {})).toBe(0)
    writer.trySendBatch(numbers(50))
    writer.close()
    const seen: number[] = []
    reader.poll((message) => {
      seen.push(message.value)
      if (message.value === 20) while (reader.poll((inner) => seen.push(inner.value), 7) > 0);
    })
    expect(seen).toEqual(numbers(50))
    expect(reader.end).toBe('closed')
    expect(reader.poll(() => {})).toBe(0)
    expect(reader.end).toBe('closed')
  })

  it('finds a new lane while the only other lane is busy', async () => {
    using writer = make()
    using reader = await openStream(writer.name, u32)
    expect(reader.poll(() => {})).toBe(0)
    writer.trySendBatch(numbers(1000))
    using other = await joinStream(writer.name, u32)
    other.trySend(1_000_000)
    const seen: number[] = []
    for (let polls = 0; polls < 200; polls++) reader.poll((message) => seen.push(message.value), 1)
    expect(seen).toContain(1_000_000)
    expect(seen.length).toBe(200)
  })

  it('reports no end after a producer has come back, whether by poll or by tryReceive', async () => {
    using keeper = make()
    const lane = { existing: 'join', lane: 1 } as const
    const first = createStream(keeper.name, u32, lane)
    using reader = await openStream(keeper.name, u32, { from: 'oldest' })
    keeper.close()
    expect(reader.poll(() => {})).toBe(0) // one lane is left
    first.trySendBatch(numbers(3))
    reader.poll(() => {}, 1)
    expect(reader.tryReceive()).toBe(1)
    expect(reader.tryReceive()).toBe(2)
    first.close()
    expect(reader.poll(() => {})).toBe(0)
    expect(reader.end).toBe('closed')
    using again = createStream(keeper.name, u32, lane)
    again.trySend(7)
    expect(reader.tryReceive()).toBe(7)
    expect(reader.end).toBeUndefined()
  })

  it('with spin checks again and again if one lane is in use, and moves to the next lane if several are', async () => {
    const { nextMessage } = LaneReader.prototype
    let looks = 0
    LaneReader.prototype.nextMessage = function () {
      looks++
      return nextMessage.call(this)
    }
    try {
      using writer = make()
      using reader = await openStream(writer.name, u32, { waitStrategy: 'spin' })
      reader.poll(() => {})
      looks = 0
      reader.poll(() => {})
      expect(looks).toBeGreaterThan(20)
      using other = await joinStream(writer.name, u32)
      other.trySend(1)
      reader.poll(() => {})
      looks = 0
      reader.poll(() => {})
      expect(looks).toBeLessThan(10)
    } finally {
      LaneReader.prototype.nextMessage = nextMessage
    }
  })

  it('and receiving may alternate', async () => {
    using writer = make()
    using reader = await openStream(writer.name, u32)
    const seen: number[] = []
    for (let i = 0; i < 1000; i++) {
      writer.trySend(i)
      if (i % 7 === 0) reader.poll((message) => seen.push(message.value), 5)
      else {
        const message = i % 3 ? reader.tryReceive() : await reader.receive({ timeoutMs: 0 })
        if (message !== undefined) seen.push(message)
      }
    }
    seen.push(...drain(reader))
    expect(seen).toEqual(numbers(1000))
  })
})

describe('the end', () => {
  it('is found without waiting, by tryReceive and by poll', async () => {
    for (const look of [
      (reader: StreamReader<typeof u32>) => reader.tryReceive(),
      (reader: StreamReader<typeof u32>) => reader.poll(() => {}),
    ]) {
      const writer = make()
      using reader = await openStream(writer.name, u32)
      writer.trySend(1)
      writer.close()
      expect(reader.end).toBeUndefined()
      expect(look(reader)).toBe(1)
      look(reader)
      expect(reader.end).toBe('closed')
    }
  })

  it('gives undefined and false, again and again, until a new producer joins', async () => {
    const writer = make()
    using reader = await openStream(writer.name, u32)
    writer.trySendBatch([1, 2])
    writer.close()
    expect(await reader.receive()).toBe(1)
    expect(reader.end).toBeUndefined()
    expect(reader.receiveSync()).toBe(2)
    for (let i = 0; i < 3; i++) {
      expect(await reader.receive()).toBeUndefined()
      expect(reader.receiveSync()).toBeUndefined()
      expect(await reader.ready()).toBe(false)
      expect(reader.readySync()).toBe(false)
      expect(reader.end).toBe('closed')
    }
    expect(reader.producers).toBe(0)
    using back = await joinStream(reader.name, u32)
    expect(reader.producers).toBe(1)
    back.trySend(3)
    expect(await reader.receive()).toBe(3)
    expect(reader.end).toBeUndefined()
    expect(await reader.receive({ timeoutMs: 5 })).toBeUndefined()
    expect(reader.end).toBeUndefined()
    back.close()
    expect(await reader.receive()).toBeUndefined()
    expect(reader.end).toBe('closed')
  })

  it('comes with the last of several producers', async () => {
    const first = make()
    const second = await joinStream(first.name, u32)
    using reader = await openStream(first.name, u32)
    const receiving = reader.receive()
    first.close()
    second.trySend(5)
    expect(await receiving).toBe(5)
    expect(await reader.receive({ timeoutMs: 5 })).toBeUndefined()
    expect(reader.end).toBeUndefined()
    setTimeout(() => second.close(), 10)
    expect(await reader.receive()).toBeUndefined()
    expect(reader.end).toBe('closed')
  })

  it('never comes for a consumer that waits for new producers', async () => {
    const writer = make()
    using reader = await openStream(writer.name, u32, { endOn: 'never' })
    writer.close()
    expect(await reader.receive({ timeoutMs: 20 })).toBeUndefined()
    expect(reader.end).toBeUndefined()
    const receiving = reader.receive()
    using back = await joinStream(reader.name, u32)
    await back.send(1)
    expect(await receiving).toBe(1)
  })
})

describe('a closed consumer', () => {
  it('throws CLOSED from each of its methods', async () => {
    using writer = make()
    const reader = await openStream(writer.name, u32)
    writer.trySend(1)
    reader.close()
    reader.close()
    expect(reader.closed).toBe(true)
    expect(writer.consumers).toBe(0)
    for (const call of [
      () => reader.tryReceive(),
      () => reader.receiveSync(),
      () => reader.readySync(),
      () => reader.poll(() => {}),
      () => reader.lag(),
      () => reader[Symbol.asyncIterator](),
      () => reader.messages(),
      () => reader.batches(),
      () => reader.toReadable(),
      () => reader.toReadableStream(),
      () => reader.producers,
    ]) {
      expect(call).toThrow(code('CLOSED'))
      expect(call).toThrow(`Stream "${writer.name}": this consumer is closed.`)
    }
    for (const promise of [reader.receive(), reader.ready()]) {
      await expect(promise).rejects.toThrow(code('CLOSED'))
    }
    expect([reader.missed, reader.end]).toEqual([0, undefined])
    reader.ref().unref()
  })

  it('releases the memory, and `using` closes it', async () => {
    const writer = make()
    {
      using reader = await openStream(writer.name, u32)
      writer.trySend(1)
      expect(reader.tryReceive()).toBe(1)
    }
    writer.close()
    expect(() => SharedMemory.open(writer.name)).toThrow(code('NOT_FOUND'))
  })
})

describe('lag', () => {
  it('counts what is there and not received, in all lanes', async () => {
    using writer = make()
    using other = await joinStream(writer.name, u32)
    using reader = await openStream(writer.name, u32)
    expect(reader.lag()).toBe(0)
    writer.trySendBatch(numbers(10))
    other.trySend(1)
    expect(reader.lag()).toBe(11)
    reader.poll(() => {}, 4)
    reader.tryReceive()
    expect(reader.lag()).toBe(6)
    drain(reader)
    expect(reader.lag()).toBe(0)
  })

  it('of a consumer that is overtaken does not count messages that are overwritten', async () => {
    using writer = make({ overflow: 'overwrite' })
    using reader = await openStream(writer.name, u32)
    for (let i = 0; i < 20_000; i++) writer.trySend(i)
    const lag = reader.lag()
    expect(lag).toBeGreaterThan(1000)
    expect(lag).toBeLessThanOrEqual(CAPACITY / 16)
    expect(drain(reader)).toHaveLength(lag)
  })
})

it.each([
  ['spin', 1],
  ['adaptive', 0],
] as const)(
  'poll, with wait %s, handles %i messages when one message comes right after its first check',
  async (wait, handled) => {
    using writer = make()
    using reader = await openStream(writer.name, u32, { waitStrategy: wait })
    expect(reader.poll(() => {})).toBe(0) // takes up the lane
    const { next } = LaneReader.prototype
    const got: number[] = []
    let looks = 0
    LaneReader.prototype.next = function (this: LaneReader) {
      const found = next.call(this)
      if (++looks === 1) writer.trySend(7)
      return found
    }
    try {
      expect(reader.poll(({ value }) => got.push(value))).toBe(handled)
    } finally {
      LaneReader.prototype.next = next
    }
    expect(reader.poll(({ value }) => got.push(value))).toBe(1 - handled)
    expect(got).toEqual([7])
  },
)
