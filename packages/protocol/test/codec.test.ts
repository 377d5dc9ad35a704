import { describe, expect, it } from 'vitest'
import {
  type AnyCodec,
  array,
  at,
  bytes,
  type Codec,
  f64,
  type Infer,
  LayoutError,
  latin1,
  payload,
  type Schema,
  struct,
  u32,
  union,
  utf8,
} from '../src/index.js'
import {
  codecOf,
  decodeDescriptor,
  encodeDescriptor,
  hashDescriptor,
  layoutHash,
  UNION_HEADER_LENGTH,
} from '../src/internal.js'

const Quote = struct('Quote', { symbol: utf8(8), bid: f64, ask: f64, seq: u32 })
const quote: Infer<typeof Quote> = { symbol: 'ACME', bid: 10.5, ask: 10.6, seq: 7 }

/** Makes a lane that begins inside its buffer and is full of bytes that are no message. */
const laneOf = (length: number) => new DataView(new Uint8Array(length + 48).fill(0xee).buffer, 24, length)

describe('the codec of a layout', () => {
  it('writes and reads the same bytes as the layout', () => {
    const codec = codecOf(Quote)
    const data = laneOf(256)
    expect(codec.fixedLength).toBe(Quote.length)
    expect(codec.descriptor).toEqual(Quote.descriptor)
    expect(codec.measure(quote)).toBe(Quote.length)
    expect(codec.encode(data, 64, quote)).toBe(Quote.length)
    expect(codec.decode(data, 64, Quote.length)).toEqual(quote)
    expect(Quote.read(data, 64)).toEqual(quote)
  })

  it('shows messages by one accessor that moves together with its nested ones', () => {
    const Pair = struct('Pair', { quotes: array(Quote, 2), last: Quote })
    const data = laneOf(512)
    const view = codecOf(Pair).view(data)
    const first = view.at(8, Pair.length)
    first.quotes.get(1).seq = 1
    first.last.seq = 2
    const second = view.at(256, Pair.length)
    expect(second).toBe(first)
    second.quotes.get(1).seq = 3
    second.last.seq = 4
    const seqs = (offset: number) => {
      const { quotes, last } = Pair.read(data, offset)
      return [quotes[1]?.seq, last.seq]
    }
    expect([seqs(8), seqs(256)]).toEqual([
      [1, 2],
      [3, 4],
    ])
  })

  it('serves layouts of single values, bytes and arrays', () => {
    const data = laneOf(64)
    const number = codecOf(u32).view(data).at(8, 4)
    number.value = 5
    expect(codecOf(u32).decode(data, 8, 4)).toBe(5)
    codecOf(bytes(3)).encode(data, 16, Uint8Array.of(1, 2, 3))
    expect([...codecOf(bytes(3)).view(data).at(16, 3)]).toEqual([1, 2, 3])
    codecOf(array(u32, 2)).view(data).at(24, 8).assign([6, 7])
    expect(codecOf(array(u32, 2)).decode(data, 24, 8)).toEqual([6, 7])
  })

  it('names the field whose value does not fit', () => {
    expect(() => codecOf(Quote).measure({ ...quote, seq: -1 })).toThrow('Quote.seq: -1 is not a u32')
    // @ts-expect-error a string is no u32
    expect(() => codecOf(u32).measure('1')).toThrow(TypeError)
  })

  it('reaches every field of a struct, however many', () => {
    for (const count of [1, 7, 8, 9, 16, 17, 30]) {
      const names = Array.from({ length: count }, (_, index) => `field${index}`)
      const codec = codecOf(struct('Wide', Object.fromEntries(names.map((name) => [name, u32]))))
      const value = Object.fromEntries(names.map((name, index) => [name, index + 1]))
      expect(decoded(codec, encoded(codec, value))).toEqual(value)
      for (const name of names)
        expect(() => codec.measure({ ...value, [name]: -1 })).toThrow(`Wide.${name}: -1 is not a u32`)
    }
  })

  it('refuses a payload of another length', () => {
    const schemas: Schema[] = [Quote, u32, bytes(4), array(u32, 2)]
    for (const codec of schemas.map((schema) => codecOf(schema))) {
      const length = codec.fixedLength as number
      for (const read of [codec.decode, (data: DataView, at: number, n: number) => codec.view(data).at(at, n)]) {
        expect(() => read(laneOf(128), 8, length - 1)).toThrow(
          expect.objectContaining({ code: 'TOO_SHORT', offset: 8 }),
        )
        expect(() => read(laneOf(128), 8, length + 1)).toThrow(LayoutError)
      }
    }
  })
})

describe('payload.bytes', () => {
  it('keeps bytes of any length as they are', () => {
    const data = laneOf(64)
    for (const value of [new Uint8Array(), Uint8Array.of(0, 255, 128)]) {
      expect(payload.bytes.measure(value)).toBe(value.length)
      expect(payload.bytes.encode(data, 8, value)).toBe(value.length)
      const copy = payload.bytes.decode(data, 8, value.length)
      const shown = payload.bytes.view(data).at(8, value.length)
      data.setUint8(8, 77)
      expect(copy).toEqual(value)
      expect(shown.slice()).toEqual(value.length === 0 ? value : Uint8Array.of(77, 255, 128))
    }
  })

  it('shows bytes to their writer by one object that moves and writes', () => {
    const data = laneOf(1024)
    const view = payload.bytes.view(data)
    const first = view.at(8, 4)
    first.set(Uint8Array.of(1, 2), 1)
    first.set(0, 9)
    first.set(3, 255)
    expect([...first]).toEqual([9, 1, 2, 255])
    expect(payload.bytes.decode(data, 8, 4)).toEqual(Uint8Array.of(9, 1, 2, 255))
    expect([first.unsafeBuffer, first.byteOffset]).toEqual([data.buffer, data.byteOffset + 8])
    expect(view.at(16, 300)).toBe(first)
    first.set(new Uint8Array(300).fill(7))
    for (const target of [new Uint8Array(300), new Uint8Array(301)]) {
      first.copyTo(target, target.length - 300)
      expect(target.at(-1)).toBe(7)
    }
    expect(data.getUint8(316)).toBe(0xee)
  })

  it('refuses to write beyond the payload, and values that are no bytes', () => {
    const data = laneOf(64)
    const shown = payload.bytes.view(data).at(8, 3)
    const liar = Object.defineProperty(new Uint8Array(5), 'length', { value: 1 })
    const tooMany = [
      [new Uint8Array(4), 0],
      [new Uint8Array(1), 3],
      [new Uint8Array(1), -1],
      [liar, 0],
    ] as const
    for (const [bytes, start] of tooMany) expect(() => shown.set(bytes, start)).toThrow(RangeError)
    const wrong = [
      [3, 0],
      [-1, 0],
      [0.5, 0],
      [0, 256],
      [0, -1],
      [0, 1.5],
    ] as const
    for (const [index, value] of wrong) expect(() => shown.set(index, value)).toThrow(RangeError)
    // @ts-expect-error a string is neither an index nor bytes
    expect(() => shown.set('1', 0)).toThrow(RangeError)
    // @ts-expect-error an array is no Uint8Array
    expect(() => shown.set([1], 0)).toThrow('expected an index, or a Uint8Array, got an array of 1')
    expect([...new Uint8Array(data.buffer)]).toEqual(Array(112).fill(0xee))
    const readonly = codecOf(payload.bytes).readonlyView(data).at(8, 3)
    expect(() => Reflect.apply(Reflect.get(readonly, 'set'), readonly, [0, 1])).toThrow('this view is read-only')
  })

  it('ignores a length that an array only claims to have', () => {
    const value = Object.defineProperty(Uint8Array.of(1, 2), 'length', { value: 100 })
    expect(encoded(payload.bytes, value)).toEqual(Uint8Array.of(1, 2))
  })

  it('refuses values other than a Uint8Array', () => {
    // @ts-expect-error a string is not bytes
    expect(() => payload.bytes.measure('abc')).toThrow('expected a Uint8Array, got the string "abc"')
  })
})

/** Encodes a value into bytes of its own. */
function encoded<T>(codec: Codec<T, unknown>, value: T): Uint8Array {
  const data = new DataView(new ArrayBuffer(codec.measure(value)))
  return new Uint8Array(data.buffer, 0, codec.encode(data, 0, value))
}

/** Decodes bytes that fill a lane. */
function decoded<T>(codec: Codec<T, unknown>, bytes: Uint8Array): T {
  return codec.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length)
}

const utf8Bytes = (text: string) => new TextEncoder().encode(text)
const corrupt = expect.objectContaining({ name: 'LayoutError', code: 'CORRUPT' })

describe('payload.utf8', () => {
  it('keeps text of any length, without terminator', () => {
    for (const text of ['', 'a\0b', '\uFEFFé€😀', 'ä'.repeat(20_000), 'x'.repeat(16_384)]) {
      expect(encoded(payload.utf8, text)).toEqual(utf8Bytes(text))
      expect(decoded(payload.utf8, utf8Bytes(text))).toBe(text)
    }
  })

  it('writes half of a surrogate pair as U+FFFD', () => {
    expect(decoded(payload.utf8, encoded(payload.utf8, 'a\ud800b'))).toBe('a\ufffdb')
  })

  it('refuses values other than a string, and bytes that are not UTF-8', () => {
    // @ts-expect-error a number is no text
    expect(() => payload.utf8.measure(1)).toThrow('expected a string, got the number 1')
    expect(() => decoded(payload.utf8, Uint8Array.of(0xc3))).toThrow(corrupt)
    expect(() => decoded(payload.utf8, new Uint8Array(60_000).fill(0xff))).toThrow(corrupt)
  })

  it('refuses to write a value other than the one it measured last', () => {
    const data = laneOf(64)
    payload.utf8.measure('long enough')
    payload.utf8.measure('short')
    expect(() => payload.utf8.encode(data, 0, 'long enough')).toThrow(TypeError)
  })
})

describe('payload.json', () => {
  const json = payload.json<unknown>()

  it('asks toJSON once', () => {
    let asked = 0
    const value = { toJSON: () => ({ asked: ++asked }) }
    expect(encoded(json, value)).toEqual(utf8Bytes('{"asked":1}'))
    expect(decoded(json, utf8Bytes(' [1, "ä", null]'))).toEqual([1, 'ä', null])
  })

  it.each<[value: unknown, read: unknown]>([
    [{ a: [null, true, 0, -1.5e300, '\ud800 ü"\0', [], {}] }, { a: [null, true, 0, -1.5e300, '\ud800 ü"\0', [], {}] }],
    [JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":1}')],
    [
      [-0, Number.NaN, Infinity, -Infinity],
      [0, null, null, null],
    ],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [
      { map: new Map([[1, 2]]), set: new Set([1]), regExp: /x/, error: new Error('x') },
      { map: {}, set: {}, regExp: {}, error: {} },
    ],
    [Uint8Array.of(7, 8), { 0: 7, 1: 8 }],
    [{ a: undefined, b: () => 1, c: Symbol('x'), d: 1 }, { d: 1 }],
    [
      [undefined, () => 1, Symbol('x')],
      [null, null, null],
    ],
  ])('reads %o as documented', (value, read) => {
    expect(decoded(json, encoded(json, value))).toStrictEqual(read)
  })

  it('reads a deeply nested payload, or refuses it', () => {
    const levels = 200_000
    expect(decoded(json, utf8Bytes('['.repeat(levels) + ']'.repeat(levels)))).toHaveLength(1)
    expect(() => decoded(json, utf8Bytes('['.repeat(levels)))).toThrow(corrupt)
  })

  it('refuses values that JSON cannot write, and bytes that are not JSON', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    for (const value of [undefined, () => 1, Symbol('x'), { toJSON: () => undefined }, 1n, { a: [1n] }, cycle])
      expect(() => json.measure(value)).toThrow(TypeError)
    for (const text of ['', '{', '1 2', 'undefined']) expect(() => decoded(json, utf8Bytes(text))).toThrow(corrupt)
  })
})

describe('a union', () => {
  const Event = union({ quote: Quote, note: payload.utf8, count: u32 })

  it('begins with the index of the member, whose payload follows after 8 bytes', () => {
    expect(encoded(Event, { kind: 'note', value: 'hi' })).toEqual(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 104, 105))
    expect(encoded(Event, { kind: 'count', value: 5 })).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0))
    expect(decoded(Event, encoded(Event, { kind: 'quote', value: quote }))).toEqual({ kind: 'quote', value: quote })
    expect(Event.descriptor).toEqual({
      kind: 'union',
      members: [
        { name: 'quote', payload: Quote.descriptor },
        { name: 'note', payload: { kind: 'payload', encoding: 'utf8' } },
        { name: 'count', payload: u32.descriptor },
      ],
    })
  })

  it('shows messages of all kinds by one object', () => {
    const data = laneOf(256)
    const message = { kind: 'quote', value: quote } as const
    Event.measure(message)
    Event.encode(data, 0, message)
    const note = { kind: 'note', value: 'hi' } as const
    const noteLength = Event.measure(note)
    Event.encode(data, 128, note)
    const view = Event.view(data)
    const first = view.at(0, UNION_HEADER_LENGTH + Quote.length)
    if (first.kind !== 'quote') throw new Error(`${first.kind} in place of quote`)
    expect([first.value.symbol, first.value.bid]).toEqual(['ACME', 10.5])
    expect(view.at(128, noteLength)).toEqual({ kind: 'note', value: 'hi' })
    expect(view.at(0, UNION_HEADER_LENGTH + Quote.length)).toBe(first)
  })

  it('lets a writer select a member and fill it in place', () => {
    const data = laneOf(256)
    Event.select(data, 8, 'quote')
    Quote.assign(Event.members.quote.view(data).at(8 + UNION_HEADER_LENGTH, Quote.length), quote)
    expect(Event.decode(data, 8, UNION_HEADER_LENGTH + Quote.length)).toEqual({ kind: 'quote', value: quote })
  })

  it('refuses unknown kinds, and values that do not fit their kind', () => {
    // @ts-expect-error there is no such kind
    expect(() => Event.measure({ kind: 'trade', value: 1 })).toThrow(
      'kind: the string "trade" is not one of quote, note, count',
    )
    expect(() => Event.measure({ kind: 'quote', value: { ...quote, seq: -1 } })).toThrow('Quote.seq: -1 is not a u32')
    for (const value of [undefined, null, 1, {}]) expect(() => (Event as AnyCodec).measure(value)).toThrow(TypeError)
    expect(() => union({})).toThrow(RangeError)
    expect(() => union({ 1: u32 })).toThrow(TypeError)
  })

  it('writes the member and the value that it measured, if getters give others later', () => {
    let reads = 0
    const message = {
      get kind() {
        return reads++ === 0 ? 'note' : 'quote'
      },
      get value() {
        return reads === 1 ? 'hi' : quote
      },
    }
    expect(encoded(Event as AnyCodec, message)).toEqual(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 104, 105))
  })

  it('writes a message whose getters send other messages of the same union', () => {
    const Any = union({
      blob: payload.bytes,
      note: payload.utf8,
      text: payload.json(),
      pair: struct('Pair', { a: u32 }),
    })
    const elsewhere = () => {
      for (const other of [
        { kind: 'blob', value: new Uint8Array(100) },
        { kind: 'note', value: 'another note' },
        { kind: 'pair', value: { a: 9 } },
      ] as const)
        encoded(Any, other)
      Any.measure({ kind: 'blob', value: new Uint8Array(200) })
      Any.measure({ kind: 'blob', value: new Uint8Array(200) }) // and one that finds no room
    }
    const meddling = (kind: string, value: unknown) => ({
      kind,
      get value() {
        elsewhere()
        return value
      },
    })
    const getter = {
      get a() {
        elsewhere()
        return 7
      },
    }
    const toJSON = () => {
      elsewhere()
      return 'short'
    }
    const read = (kind: string, value: unknown) => decoded(Any, encoded(Any as AnyCodec, meddling(kind, value)))
    expect(read('blob', Uint8Array.of(1, 2))).toEqual({ kind: 'blob', value: Uint8Array.of(1, 2) })
    expect(read('note', 'hi')).toEqual({ kind: 'note', value: 'hi' })
    expect(read('pair', getter)).toEqual({ kind: 'pair', value: { a: 7 } })
    expect(read('text', { toJSON })).toEqual({ kind: 'text', value: 'short' })
  })

  it('refuses to write a message other than the one it measured last', () => {
    const data = laneOf(64)
    Event.measure({ kind: 'note', value: 'hi' })
    for (const message of [{ kind: 'note', value: 'longer' }, undefined])
      expect(() => (Event as AnyCodec).encode(data, 0, message)).toThrow('not the value that was measured last')
    expect([...new Uint8Array(data.buffer)]).toEqual(Array(112).fill(0xee))
  })

  it('refuses payloads of an unknown member, or of another length than the member has', () => {
    expect(() => decoded(Event, Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0))).toThrow(corrupt)
    expect(() => decoded(Event, Uint8Array.of(1, 0, 0, 0, 0, 0, 0))).toThrow(
      expect.objectContaining({ code: 'TOO_SHORT' }),
    )
    expect(() => decoded(Event, Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0))).toThrow(LayoutError)
  })
})

describe('a descriptor', () => {
  it('has one encoding, in any order of its keys', () => {
    const bytes = encodeDescriptor({ length: 4, kind: 'u32', alignment: 4 })
    expect(new TextDecoder().decode(bytes)).toBe('{"alignment":4,"kind":"u32","length":4}')
    expect(encodeDescriptor(u32.descriptor)).toEqual(bytes)
    expect(decodeDescriptor(encodeDescriptor(Quote.descriptor))).toEqual(Quote.descriptor)
    expect(() => decodeDescriptor(utf8Bytes('{'))).toThrow(corrupt)
    expect(() => decodeDescriptor(Uint8Array.of(0xff))).toThrow(corrupt)
  })

  it('gives a layout a hash that changes with its names, offsets, types and length', () => {
    const fields = { symbol: utf8(8), bid: f64 }
    const hash = layoutHash(struct('Quote', fields))
    expect(hash).toBe(0xae5c2d5d5781eeebn) // the same in every process and version
    expect(layoutHash(struct('Quote', { symbol: at(0, utf8(8)), bid: at(8, f64) }))).toBe(hash)
    for (const other of [
      struct('Trade', fields),
      struct('Quote', { bid: f64, symbol: utf8(8) }),
      struct('Quote', { symbol: latin1(8), bid: f64 }),
      struct('Quote', fields, { length: 24 }),
    ]) {
      expect(layoutHash(other)).not.toBe(hash)
    }
  })

  it('is hashed by FNV-1a', () => {
    expect(hashDescriptor(utf8Bytes(''))).toBe(0xcbf29ce484222325n)
    expect(hashDescriptor(utf8Bytes('a'))).toBe(0xaf63dc4c8601ec8cn)
    expect(hashDescriptor(utf8Bytes('foobar'))).toBe(0x85944171f73967e8n)
  })
})
