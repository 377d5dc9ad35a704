import { createStream, type StreamWriter } from '@memlane/producer'
import { f64, payload, struct, u32, union, utf8 } from '@memlane/protocol'
import { uniqueName } from '@memlane/testing'
import { describe, expect, it } from 'vitest'
import { openStream, type StreamReader } from '../src/index.js'

const Quote = struct('Quote', { symbol: utf8(8), bid: f64 })
const Event = union({ quote: Quote, note: payload.utf8 })

/** Compiles if a type is the other one exactly. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const compiles = <Check extends true>(_check?: Check) => expect(true).toBe(true)

async function pair() {
  const writer = createStream(uniqueName('stream'), Quote, { capacity: 65_536 })
  const reader = await openStream(writer.name, Quote)
  return { writer, reader }
}

describe('the types of a stream', () => {
  it('give messages as plain values, without naming the schema again', async () => {
    const { writer, reader } = await pair()
    using _writer = writer
    using _reader = reader
    writer.trySend({ symbol: 'ACME', bid: 1.5 })
    const message = reader.tryReceive()
    compiles<Equal<typeof message, { symbol: string; bid: number } | undefined>>()
    writer.trySend({ symbol: 'ACME', bid: 2 })
    writer.close()
    for await (const batch of reader.batches({ limit: 10 })) {
      compiles<Equal<(typeof batch)[number], { symbol: string; bid: number }>>()
    }
  })

  it('refuse a message that does not fit the schema', async () => {
    const { writer, reader } = await pair()
    using _writer = writer
    using _reader = reader
    // @ts-expect-error: bid is missing
    expect(() => writer.trySend({ symbol: 'ACME' })).toThrow(TypeError)
    // @ts-expect-error: bid is no string
    expect(() => writer.trySend({ symbol: 'ACME', bid: '1.5' })).toThrow(TypeError)
  })

  it('tell the kinds of a union apart', async () => {
    using writer = createStream(uniqueName('stream'), Event, { capacity: 65_536 })
    using reader = await openStream(writer.name, Event)
    writer.trySend({ kind: 'note', value: 'hello' })
    const message = reader.tryReceive()
    if (message?.kind === 'note') compiles<Equal<typeof message.value, string>>()
    const quote = writer.claimMember('quote')
    if (quote !== undefined) {
      quote.symbol = 'ACME'
      compiles<Equal<typeof quote.bid, number>>()
    }
    writer.abort()
    // @ts-expect-error: the union has no such kind
    expect(() => writer.claimMember('trade')).toThrow(TypeError)
  })
})

describe('a handler of messages in place', () => {
  const handlers = (reader: StreamReader<typeof u32>, writer: StreamWriter<typeof u32>) => {
    const seen: number[] = []
    reader.poll((message) => seen.push(message.value))
    reader.poll((message) => {
      seen.push(message.value)
    })
    writer.fillBatch(3, (message, index) => {
      message.value = index
    })
    const handle: (message: { value: number }) => void = () => {}
    reader.poll(handle, 1)
    const untyped: (message: { value: number }) => ReturnType<typeof JSON.parse> = () => undefined
    reader.poll(untyped)
  }

  it('may return anything but a promise', async () => {
    using writer = createStream(uniqueName('stream'), u32, { capacity: 65_536 })
    using reader = await openStream(writer.name, u32)
    handlers(reader, writer)
    // @ts-expect-error: async
    reader.poll(async (message) => void message.value)
    // @ts-expect-error: returns a promise
    reader.poll((message) => Promise.resolve(message.value), 1)
    // @ts-expect-error: may return a promise
    reader.poll((message) => (message.value === 1 ? Promise.resolve() : 5))
    // @ts-expect-error: async
    writer.fillBatch(1, async (message) => void message)
    expect(reader.poll(() => {})).toBeLessThanOrEqual(4)
  })
})
