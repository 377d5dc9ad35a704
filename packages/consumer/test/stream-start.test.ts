import { createStream, joinStream } from '@memlane/producer'
import { payload, u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { openStream, type StreamReader } from '../src/index.js'

const CAPACITY = 65_536
const make = (options: Parameters<typeof createStream>[2] = {}) =>
  createStream(uniqueName('stream'), u32, { capacity: CAPACITY, ...options })
const numbers = (count: number, first = 0) => Array.from({ length: count }, (_, i) => first + i)

function drain(reader: StreamReader<typeof u32>): number[] {
  const messages = []
  for (let message = reader.tryReceive(); message !== undefined; message = reader.tryReceive()) messages.push(message)
  return messages
}

describe('where a consumer begins', () => {
  it('is now by default, or the oldest message held', async () => {
    using writer = make()
    writer.trySendBatch(numbers(10))
    using now = await openStream(writer.name, u32)
    using oldest = await openStream(writer.name, u32, { from: 'oldest' })
    writer.trySend(10)
    expect(drain(now)).toEqual([10])
    expect(drain(oldest)).toEqual(numbers(11))
    expect([now.lag(), oldest.lag()]).toEqual([0, 0])
  })

  it('can be the oldest message of a lane that wrapped many times', async () => {
    using writer = make()
    for (let i = 0; i < 50_000; i++) writer.trySend(i)
    using oldest = await openStream(writer.name, u32, { from: 'oldest' })
    const held = drain(oldest)
    expect(held.length).toBeGreaterThan(2000)
    expect(held).toEqual(numbers(held.length, 50_000 - held.length))
    using now = await openStream(writer.name, u32)
    expect(now.tryReceive()).toBeUndefined()
  })

  it('can be in a lane that is already closed', async () => {
    using keeper = make()
    const gone = await joinStream(keeper.name, u32)
    gone.trySendBatch(numbers(5))
    gone.close()
    using late = await openStream(keeper.name, u32, { from: 'oldest' })
    expect(late.lag()).toBe(5)
    expect(drain(late)).toEqual(numbers(5))
    using now = await openStream(keeper.name, u32)
    expect(drain(now)).toEqual([])
  })

  it('can be after all producers have closed, if another consumer holds the memory', async () => {
    const writer = make()
    using holder = await openStream(writer.name, u32)
    writer.trySendBatch(numbers(5))
    writer.close()
    using late = await openStream(writer.name, u32, { from: 'oldest' })
    const got = []
    for await (const message of late) got.push(message)
    expect(got).toEqual(numbers(5))
    expect(late.end).toBe('closed')
    expect(drain(holder)).toEqual(numbers(5))
    expect(holder.end).toBe('closed')
  })

  it('is checked, like the other options', async () => {
    using writer = make()
    for (const options of [{ from: 'start' }, { endOn: 'x' }, { waitStrategy: 'x' }]) {
      await expect(openStream(writer.name, u32, options as never)).rejects.toThrow(TypeError)
    }
    expect(writer.consumers).toBe(0)
  })

  describe.each(['wait', 'overwrite'] as const)('from: "newest", overflow: "%s"', (overflow) => {
    it('is the newest message held, and then all that follow', async () => {
      using writer = make({ overflow })
      for (const count of [1, 10, 20_000]) {
        for (let i = 1; i <= count; i++) writer.trySend(i)
        using newest = await openStream(writer.name, u32, { from: 'newest' })
        expect(newest.lag()).toBe(1)
        writer.trySend(count + 1)
        expect(drain(newest)).toEqual([count, count + 1])
        expect(newest.missed).toBe(0)
      }
    })

    it('is the first message to come if none is held', async () => {
      using writer = make({ overflow })
      using newest = await openStream(writer.name, u32, { from: 'newest' })
      expect(newest.tryReceive()).toBeUndefined()
      writer.trySendBatch([1, 2])
      expect(drain(newest)).toEqual([1, 2])
    })

    it('is the newest message of each producer', async () => {
      using first = make({ overflow })
      using second = await joinStream(first.name, u32)
      first.trySendBatch([1, 2])
      second.trySendBatch([11, 12, 13])
      using newest = await openStream(first.name, u32, { from: 'newest' })
      expect(drain(newest).sort((a, b) => a - b)).toEqual([2, 13])
    })

    it('is right wherever the lane wraps, and with padding behind the newest message', async () => {
      using writer = createStream(uniqueName('stream'), payload.bytes, { capacity: CAPACITY, overflow })
      for (let number = 0; number < 500; number++) {
        const message = new Uint8Array(4 + ((number * 7919) % 8000))
        new DataView(message.buffer).setUint32(0, number)
        writer.trySend(message)
        if (writer.claim(16_000) !== undefined) writer.abort()
        using newest = await openStream(writer.name, payload.bytes, { from: 'newest' })
        expect(newest.tryReceive()).toEqual(message)
        expect(newest.tryReceive()).toBeUndefined()
      }
    })
  })
})
