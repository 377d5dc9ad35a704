import { SharedMemory, SharedMemoryError } from '@memlane/core'
import { createStream, joinStream } from '@memlane/producer'
import { array, bytes, enumeration, f64, payload, type Schema, struct, u8, u32, union, utf8 } from '@memlane/protocol'
import { encodeDescriptor, hashDescriptor } from '@memlane/protocol/internal'
import { uniqueName } from '@memlane/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { openStream } from '../src/index.js'

const code = (expected: string) => expect.objectContaining({ code: expected, name: expect.any(String) })
const refusal = async (attempt: Promise<unknown>): Promise<SharedMemoryError> => {
  const error = await attempt.catch((error) => error)
  if (!(error instanceof SharedMemoryError)) throw error
  return error
}

const Old = struct('Quote', { symbol: utf8(8), bid: f64, levels: array(struct('Level', { price: f64 }), 2) })
const New = struct('Quote', {
  seq: u32,
  levels: array(struct('Level', { size: u32, price: f64 }), 2),
  symbol: utf8(8),
  raw: bytes(3),
  bid: f64,
})
const message = (bid: number) => ({
  seq: 7,
  levels: [
    { size: 1, price: bid - 1 },
    { size: 2, price: bid - 2 },
  ],
  symbol: 'ACME',
  raw: Uint8Array.of(1, 2, 3),
  bid,
})
const old = (bid: number) => ({ symbol: 'ACME', bid, levels: [{ price: bid - 1 }, { price: bid - 2 }] })

describe('a consumer whose schema has fewer fields than the stream', () => {
  it.each(['wait', 'overwrite'] as const)('gets its own fields, in every way of reading, with %s', async (overflow) => {
    using writer = createStream(uniqueName('stream'), New, { overflow })
    using reader = await openStream(writer.name, Old)
    for (let bid = 1; bid <= 6; bid++) writer.trySend(message(bid))
    expect(reader.tryReceive()).toEqual(old(1))
    expect(await reader.receive()).toEqual(old(2))
    expect(reader.receiveSync()).toEqual(old(3))
    for await (const batch of reader.batches({ limit: 2 })) {
      expect(batch).toEqual([old(4), old(5)])
      break
    }
    const seen: unknown[] = []
    reader.poll((quote) => {
      expect(Object.keys(quote)).toEqual(['symbol', 'bid', 'levels'])
      seen.push(quote.symbol, quote.bid, quote.levels.get(1).price, quote.levels.length)
    })
    expect(seen).toEqual(['ACME', 6, 4, 2])
    expect(reader.descriptor).toMatchObject({ kind: 'struct', name: 'Quote', length: New.length })
  })

  it('shows read-only views, which end when it closes', async () => {
    using writer = createStream(uniqueName('stream'), New)
    using reader = await openStream(writer.name, Old)
    writer.trySend(message(1))
    let kept: { readonly bid: number } | undefined
    reader.poll((quote) => {
      expect(() => Object.assign(quote, { bid: 2 })).toThrow('Quote.bid: this view is read-only')
      kept = quote
    })
    reader.close()
    expect(() => kept?.bid).toThrow(code('CLOSED'))
  })

  it('is told by MEMLANE_DEBUG=views that it kept a view', async () => {
    process.env.MEMLANE_DEBUG = 'views'
    using writer = createStream(uniqueName('stream'), union({ quote: New }))
    using reader = await openStream(writer.name, union({ quote: Old }))
    writer.trySend({ kind: 'quote', value: message(1) })
    let kept: { readonly bid: number } | undefined
    reader.poll((event) => {
      expect(event.value.bid).toBe(1)
      kept = event.value
    })
    expect(() => kept?.bid).toThrow(TypeError)
  })
  afterEach(() => {
    delete process.env.MEMLANE_DEBUG
  })

  it('cannot become a producer: a joining producer needs exactly the schema of the stream', async () => {
    using writer = createStream(uniqueName('stream'), New)
    const refused = await refusal(joinStream(writer.name, Old))
    expect(refused.code).toBe('SCHEMA_MISMATCH')
    expect(refused.message).toContain('A writer needs exactly the schema of the stream')
    expect(() => createStream(writer.name, Old, { existing: 'join' })).toThrow(code('SCHEMA_MISMATCH'))
  })
})

describe('a consumer whose schema does not fit the stream', () => {
  it('is told which field is missing, and sees both schemas', async () => {
    using writer = createStream(uniqueName('stream'), struct('Tick', { price: f64 }))
    const refused = await refusal(openStream(writer.name, struct('Tick', { size: u32, price: f64 })))
    expect(refused.code).toBe('SCHEMA_MISMATCH')
    expect(refused.message).toBe(
      [
        `Stream "${writer.name}": it carries messages of another schema: field size is missing in the memory.`,
        'In the memory: struct Tick, 8 bytes',
        '  field  type  offset',
        '  price  f64        0',
        'In this process: struct Tick, 16 bytes',
        '  field  type  offset',
        '  size   u32        0',
        '  price  f64        8',
        'A reader needs each field that it declares. Declare only those that the memory has, or update its writers first.',
      ].join('\n'),
    )
    expect(writer.consumers).toBe(0)
  })

  it.each<[what: string, there: Schema, here: Schema, difference: string]>([
    [
      'a nested field',
      struct('A', { list: array(struct('P', { x: u8 }), 2) }),
      struct('A', { list: array(struct('P', { x: u32 }), 2) }),
      'field list[0].x is u8 in the memory, and u32 in this process',
    ],
    [
      'the whole',
      struct('A', { x: u8 }),
      payload.utf8,
      'it is struct A, 1 bytes in the memory, and payload.utf8 in this process',
    ],
    ['a member', union({ a: u8, b: u8 }), union({ a: u8 }), 'field b is missing in this process'],
    [
      'a name of an enumeration',
      struct('A', { state: enumeration(u8, { idle: 0, busy: 1 }) }),
      struct('A', { state: enumeration(u8, { idle: 0, busy: 2 }) }),
      '"busy" of field state is 1 in the memory, and 2 in this process',
    ],
    [
      'a number of an enumeration',
      enumeration(u8, { idle: 0, busy: 1 }),
      enumeration(u8, { idle: 0, hot: 1 }),
      '1 is "busy" in the memory, and "hot" in this process',
    ],
  ])('is told of a difference in %s', async (_what, there, here, difference) => {
    using writer = createStream(uniqueName('stream'), there)
    const { message } = await refusal(openStream(writer.name, here))
    expect(message.split('\n')[0]).toBe(
      `Stream "${writer.name}": it carries messages of another schema: ${difference}.`,
    )
  })
})

describe('a consumer without a schema', () => {
  const Event = union({ quote: New, note: payload.utf8, blob: payload.bytes, list: array(u8, 2), count: u32 })
  const events = [
    { kind: 'quote', value: message(1) },
    { kind: 'note', value: 'grün' },
    { kind: 'blob', value: Uint8Array.of(9, 8) },
    { kind: 'list', value: [1, 2] },
    { kind: 'count', value: 5 },
  ] as const

  it('gets values with the names and types of the stream’s schema', async () => {
    using writer = createStream(uniqueName('stream'), Event)
    using reader = await openStream(writer.name)
    for (const event of events) writer.trySend(event as never)
    for (const event of events) expect(reader.tryReceive()).toEqual(event)
    expect(reader.descriptor).toEqual(Event.descriptor)
  })

  it('sees views with these names', async () => {
    using writer = createStream(uniqueName('stream'), New)
    using reader = await openStream(writer.name, undefined, { from: 'oldest' })
    writer.trySend(message(3))
    let kept: unknown
    reader.poll((quote) => {
      if (typeof quote !== 'object' || quote === null) throw quote
      expect(quote.bid).toBe(3)
      expect(Object.keys(quote)).toEqual(['seq', 'levels', 'symbol', 'raw', 'bid'])
      expect(() => Object.assign(quote, { bid: 2 })).toThrow('Quote.bid: this view is read-only')
      kept = quote
    })
    reader.close()
    expect(() => (kept as { bid: number }).bid).toThrow(code('CLOSED'))
  })

  it.each<[what: string, schema: Schema, value: unknown]>([
    ['a number', u32, 5],
    ['text', payload.utf8, 'grün'],
    ['JSON', payload.json(), { a: [1, null] }],
    ['bytes', payload.bytes, Uint8Array.of(1, 2)],
    ['a name', enumeration(u8, { idle: 0 }), 'idle'],
  ])('gets %s as it is', async (_what, schema, value) => {
    using writer = createStream(uniqueName('stream'), schema)
    using reader = await openStream(writer.name)
    writer.trySend(value as never)
    expect(await reader.receive()).toEqual(value)
  })

  it('refuses options in the place of the schema', async () => {
    await expect(openStream('any', { timeoutMs: 0 } as never)).rejects.toThrow(TypeError)
  })
})

describe('a stream whose schema another process has overwritten', () => {
  /** Puts other bytes in the place of the schema, with a length and a hash that fit them. */
  function overwrite(name: string, schema: Uint8Array): number {
    using memory = SharedMemory.open(name)
    const view = new DataView(memory.buffer)
    const offset = view.getUint32(56, true)
    new Uint8Array(memory.buffer).set(schema, offset)
    view.setUint32(60, schema.length, true)
    view.setBigUint64(72, hashDescriptor(schema), true)
    return offset
  }

  it.each<[what: string, schema: unknown]>([
    ['no schema at all', { kind: 'nothing' }],
    ['a struct whose field lies outside', { ...Old.descriptor, length: 8 }],
    ['names that generated code must not run', { ...New.descriptor, name: { toString: null } }],
  ])('with %s is CORRUPT, and stays as it is for those who have it open', async (_what, schema) => {
    const writer = createStream(uniqueName('stream'), New)
    using reader = await openStream(writer.name, New)
    const offset = overwrite(writer.name, encodeDescriptor(schema as never))
    for (const open of [() => openStream(writer.name), () => openStream(writer.name, Old)]) {
      const refused = await refusal(open())
      expect(refused.code).toBe('CORRUPT')
      expect(refused.message).toContain(`Stream "${writer.name}": its schema is wrong`)
      expect(refused.message).toContain(`(offset ${offset})`)
    }
    writer.trySend(message(1))
    expect(reader.tryReceive()).toEqual(message(1))
    reader.close()
    writer.close()
    expect(() => SharedMemory.open(writer.name)).toThrow(code('NOT_FOUND'))
  })

  it('refuses messages that are shorter than the schema says, and reads nothing outside of them', async () => {
    using writer = createStream(uniqueName('stream'), u32)
    overwrite(writer.name, encodeDescriptor(struct('Long', { first: u32, raw: bytes(2 ** 20) }).descriptor))
    using reader = await openStream(writer.name)
    writer.trySend(1)
    expect(() => reader.tryReceive()).toThrow(code('TOO_SHORT'))
  })
})
