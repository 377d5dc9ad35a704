import { setTimeout as pause } from 'node:timers/promises'
import { openStream } from '@memlane/consumer'
import { SharedMemory, SharedMemoryError } from '@memlane/core'
import { createStream, joinStream } from '@memlane/producer'
import { payload, struct, u32, union, utf8 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { randomFrom } from '@memlane/testing/random'
import { seed } from '@memlane/testing/seed'
import { describe, expect, it } from 'vitest'
import { openTail, type Tail } from '../src/index.js'

const Tick = struct('Tick', { n: u32, text: utf8(4) })
/** Where the slot of the first producer announces the end of its lane. */
const END_INDEX = 1024 / 4 + 4
const tick = (n: number) => ({ n, text: 'abc' })

/** The values of all messages that are there. */
function read(tail: Tail): unknown[] {
  const values: unknown[] = []
  while (tail.poll((message) => values.push(message.value)) > 0);
  return values
}

describe('a tail of a stream', () => {
  it('decodes what comes, by the schema in the memory', () => {
    const name = uniqueName('tail')
    const Either = union({ tick: Tick, note: payload.json(), raw: payload.bytes })
    using writer = createStream(name, Either)
    using tail = openTail(name)
    writer.trySend({ kind: 'tick', value: tick(1) })
    writer.trySend({ kind: 'note', value: { a: [1, 'b'] } })
    const seen: object[] = []
    const kept: Uint8Array[] = []
    tail.poll((message) => {
      const { kind, producer, sequence, missedBefore, key, procedure, time, length } = message
      seen.push({ kind, producer, sequence, missedBefore, key, procedure, time, length, value: message.value })
      kept.push(message.bytes())
      expect(new Uint8Array(message.payload.buffer, message.payload.byteOffset, length)).toEqual(kept.at(-1))
    })
    const common = {
      kind: 'message',
      producer: 0,
      missedBefore: 0,
      key: undefined,
      procedure: undefined,
      time: undefined,
    }
    expect(seen).toEqual([
      { ...common, sequence: 0, length: 16, value: { kind: 'tick', value: tick(1) } },
      { ...common, sequence: 1, length: 21, value: { kind: 'note', value: { a: [1, 'b'] } } },
    ])
    expect(kept.map((bytes) => bytes[8])).toEqual([1, '{'.charCodeAt(0)])
    expect(tail).toMatchObject({ name, shape: 'stream', missed: 0, ended: undefined, descriptor: Either.descriptor })
  })

  it('begins with new messages, with the newest, or with the oldest', async () => {
    const name = uniqueName('tail')
    using first = createStream(name, Tick)
    for (let n = 0; n < 5; n++) first.trySend(tick(n))
    const tails = (['now', 'newest', 'oldest'] as const).map((from) => openTail(name, { from }))
    using second = await joinStream(name, Tick)
    second.trySend(tick(100))
    first.trySend(tick(5))
    const all = tails.map((tail) => read(tail).map((value) => (value as { n: number }).n))
    expect(all.map((values) => values.sort((a, b) => a - b))).toEqual([
      [5, 100],
      [4, 5, 100],
      [0, 1, 2, 3, 4, 5, 100],
    ])
    expect(tails.map((tail) => tail.missed)).toEqual([0, 0, 0])
    for (const tail of tails) tail.close()
  })

  for (const overflow of ['wait', 'overwrite'] as const) {
    it(`counts what is overwritten before it looks, with overflow "${overflow}"`, () => {
      const name = uniqueName('tail')
      using writer = createStream(name, payload.bytes, { capacity: 65_536, overflow })
      using tail = openTail(name)
      let sent = 0
      let seen = 0
      let last = -1
      const random = randomFrom(seed)
      for (let round = 0; round < 200; round++) {
        // Sometimes more than a lane holds.
        const count = Math.floor(random() * (round % 10 === 0 ? 2000 : 50))
        for (let n = 0; n < count; n++) if (writer.trySend(new Uint8Array(Math.floor(random() * 100)))) sent++
        while (
          tail.poll((message) => {
            expect(message.sequence).toBe(last + 1 + message.missedBefore)
            last = message.sequence
            seen++
          }) > 0
        );
        expect(seen + tail.missed).toBe(sent)
      }
      expect(tail.missed).toBeGreaterThan(0)
    })
  }

  it('takes no place, holds up no producer, and leaves every byte as it is', async () => {
    const name = uniqueName('tail')
    using writer = createStream(name, Tick, { capacity: 65_536, maxConsumers: 1 })
    using consumer = await openStream(name, Tick)
    const sleeps = consumer.receive() // a sleeping consumer: its mark is set
    await new Promise((resolve) => setTimeout(resolve, 20))
    using memory = SharedMemory.open(name, { access: 'read' })
    const before = memory.bytes.slice()
    using tail = openTail(name, { from: 'oldest' })
    tail.poll(() => {})
    expect(Buffer.compare(memory.bytes, before)).toBe(0)
    writer.trySend(tick(1))
    await sleeps
    let sent = 1
    while (sent < 10_000 && writer.trySend(tick(sent))) {
      sent++
      consumer.tryReceive()
    }
    expect(sent).toBe(10_000) // the lane has room for 3,276 of them, and the tail has read none
    const full = memory.bytes.slice()
    expect(read(tail).length + tail.missed).toBe(10_000)
    tail.close()
    expect(Buffer.compare(memory.bytes, full)).toBe(0)
  })

  it('ends when no participant lives, and lets go of the memory', async () => {
    const name = uniqueName('tail')
    const writer = createStream(name, Tick)
    const tail = openTail(name, { intervalMs: 1 })
    const values: unknown[] = []
    const done = (async () => {
      for await (const message of tail) values.push(message.value, message.bytes().length)
    })()
    writer.trySend(tick(1))
    writer.trySend(tick(2))
    writer.close()
    await done
    expect(values).toEqual([tick(1), 8, tick(2), 8])
    expect(tail.ended).toBe('closed')
    expect(tail.poll(() => {})).toBe(0)
    expect(() => openTail(name)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  })

  it('ends its iteration when it is closed, also by its own handler', async () => {
    const name = uniqueName('tail')
    using writer = createStream(name, Tick)
    const tail = openTail(name)
    setTimeout(() => tail.close(), 10)
    for await (const _ of tail) throw new Error('there was no message')
    const other = openTail(name)
    for (let n = 0; n < 3; n++) writer.trySend(tick(n))
    const seen: unknown[] = []
    other.poll((message) => {
      seen.push(message.value)
      expect(() => other.poll(() => {})).toThrow(TypeError)
      other.close()
    })
    expect(seen).toEqual([tick(0)])
    expect(other.ended).toBe('closed')
  })

  it('passes on what its handler throws, and goes on behind that message', () => {
    const name = uniqueName('tail')
    using writer = createStream(name, Tick)
    using tail = openTail(name)
    writer.trySend(tick(1))
    writer.trySend(tick(2))
    const refuse = () => {
      throw new Error('no')
    }
    expect(() => tail.poll(refuse)).toThrow('no')
    expect(read(tail)).toEqual([tick(2)])
  })

  it('ends also in memory that stays wrong, when nobody else holds it', async () => {
    const name = uniqueName('tail')
    const writer = createStream(name, Tick, { capacity: 65_536, maxProducers: 1 })
    writer.trySend(tick(1))
    using tail = openTail(name, { from: 'oldest' })
    writer.close()
    scribbleLane(name)
    while (tail.ended === undefined) {
      expect(() => tail.poll(() => {})).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
      await pause(20)
    }
    expect(tail.ended).toBe('closed')
  })

  it('refuses other memory and unknown options', () => {
    const name = uniqueName('tail')
    using _ = SharedMemory.create(name, 8)
    expect(() => openTail(name)).toThrow(expect.objectContaining({ code: 'NOT_A_CHANNEL' }))
    expect(() => openTail(name, { form: 'now' } as never)).toThrow(TypeError)
    expect(() => openTail(uniqueName('none'))).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  })

  it(`reads any bytes without hanging, and throws only CORRUPT (seed ${seed})`, () => {
    const random = randomFrom(seed)
    for (let round = 0; round < 40; round++) {
      const name = uniqueName('tail')
      using writer = createStream(name, payload.bytes, {
        capacity: 65_536,
        maxProducers: 2,
        overflow: round % 2 ? 'wait' : 'overwrite',
      })
      for (let n = 0; n < 500; n++) writer.trySend(new Uint8Array(Math.floor(random() * 200)))
      using memory = SharedMemory.open(name)
      using tail = openTail(name, { from: 'oldest' })
      const words = new Uint32Array(memory.buffer)
      const [first, last] = round % 4 < 2 ? [128 / 4, 2048 / 4] : [words.length - (2 * 65_536) / 4, words.length]
      for (let change = 0; change < 2000; change++) {
        const index = first + Math.floor(random() * (last - first))
        words[index] = random() < 0.5 ? Math.floor(random() * 2 ** 32) : Math.floor(random() * 2000)
        if (change % 20 === 0) pollAny(tail)
      }
    }
  })
})

/** Breaks all records of the only lane, and lets it end inside of one. */
function scribbleLane(name: string): void {
  using memory = SharedMemory.open(name)
  const words = new Int32Array(memory.buffer)
  words.fill(-1, words.length - 65_536 / 4)
  words[END_INDEX] = 4
}

function pollAny(tail: Tail): void {
  try {
    tail.poll((message) => message.bytes(), 100)
  } catch (error) {
    expect(error).toBeInstanceOf(SharedMemoryError)
    expect((error as SharedMemoryError).code).toBe('CORRUPT')
  }
}
