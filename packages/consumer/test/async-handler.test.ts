import { createLatest, createQueue, createStream } from '@memlane/producer'
import { u32 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { openLatest, openQueue, openStream } from '../src/index.js'

const REFUSAL = 'the handler returned a promise. It must not be async'

/** A handler as JavaScript may have it: without types that refuse it. */
const asyncHandler = (async () => {}) as () => never

describe('a handler that returns a promise is refused', () => {
  for (const overflow of ['wait', 'overwrite'] as const) {
    it(`by poll of a stream with overflow ${overflow}, and its message counts as received`, async () => {
      using writer = createStream(uniqueName('stream'), u32, { overflow })
      using reader = await openStream(writer.name, u32)
      await reader.ready({ timeoutMs: 0 })
      writer.trySendBatch([1, 2, 3])
      expect(() => reader.poll(asyncHandler)).toThrow(
        new TypeError(`${REFUSAL}: its view is valid only until it returns`),
      )
      expect(() => reader.poll(asyncHandler, 1)).toThrow(REFUSAL)
      expect(reader.tryReceive()).toBe(3)
    })
  }

  for (const maxProcessingMs of [0, 60_000]) {
    it(`by poll of a queue with maxProcessingMs ${maxProcessingMs}, and its message is given back`, async () => {
      using writer = createQueue(uniqueName('queue'), u32, { maxProcessingMs })
      using reader = await openQueue(writer.name, u32)
      writer.trySend(1)
      expect(() => reader.poll(asyncHandler)).toThrow(REFUSAL)
      const delivery = reader.tryTake()
      expect([delivery?.value, delivery?.deliveryCount]).toEqual([1, 2])
    })
  }

  it('by read of a latest', async () => {
    using writer = createLatest(uniqueName('latest'), u32)
    using reader = await openLatest(writer.name, u32)
    expect(reader.read(asyncHandler)).toBe(undefined)
    writer.set(1)
    expect(() => reader.read(asyncHandler)).toThrow(REFUSAL)
    expect(reader.read((value) => value.value)).toBe(1)
  })

  it('by read of a latest whose writer overtakes it', async () => {
    using writer = createLatest(uniqueName('latest'), u32)
    using reader = await openLatest(writer.name, u32)
    writer.set(0)
    const overtaken = (() => {
      for (let value = 1; value <= 4; value++) writer.set(value)
      return Promise.resolve()
    }) as () => never
    expect(() => reader.read(overtaken)).toThrow(REFUSAL)
  })
})

it('other objects and null may be returned', async () => {
  using writer = createLatest(uniqueName('latest'), u32)
  using reader = await openLatest(writer.name, u32)
  writer.set(1)
  expect(reader.read(() => ({ found: true }))).toEqual({ found: true })
  expect(reader.read(() => null)).toBe(null)
})
