import { describe, expect, it } from 'vitest'
import {
  array,
  bytes,
  codecOf,
  f64,
  type Infer,
  LayoutError,
  payload,
  type Schema,
  struct,
  u32,
  utf8,
} from '../src/index.js'

const Quote = struct('Quote', { symbol: utf8(8), bid: f64, ask: f64, seq: u32 })
const quote: Infer<typeof Quote> = { symbol: 'ACME', bid: 10.5, ask: 10.6, seq: 7 }

/** A lane that does not begin where its buffer does, full of bytes that are no message. */
const laneOf = (length: number) => new DataView(new Uint8Array(length + 48).fill(0xee).buffer, 24, length)

describe('the codec of a layout', () => {
  it('writes and reads what the layout does, at its length', () => {
    const codec = codecOf(Quote)
    const data = laneOf(256)
    expect(codec.fixedLength).toBe(Quote.length)
    expect(codec.descriptor).toEqual(Quote.descriptor)
    expect(codec.measure(quote)).toBe(Quote.length)
    expect(codec.encode(data, 64, quote)).toBe(Quote.length)
    expect(codec.decode(data, 64, Quote.length)).toEqual(quote)
    expect(Quote.read(data, 64)).toEqual(quote)
  })

  it('shows messages by one accessor that moves, nested ones too', () => {
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

  it('serves layouts of one value, of bytes, of arrays', () => {
    const data = laneOf(64)
    const number = codecOf(u32).view(data).at(8, 4)
    number.value = 5
    expect(codecOf(u32).decode(data, 8, 4)).toBe(5)
    codecOf(bytes(3)).encode(data, 16, Uint8Array.of(1, 2, 3))
    expect([...codecOf(bytes(3)).view(data).at(16, 3)]).toEqual([1, 2, 3])
    codecOf(array(u32, 2)).view(data).at(24, 8).assign([6, 7])
    expect(codecOf(array(u32, 2)).decode(data, 24, 8)).toEqual([6, 7])
  })

  it('names the field that does not fit', () => {
    expect(() => codecOf(Quote).measure({ ...quote, seq: -1 })).toThrow('Quote.seq: -1 is not a u32')
    // @ts-expect-error a string is no u32
    expect(() => codecOf(u32).measure('1')).toThrow(TypeError)
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
      expect(shown).toEqual(value.length === 0 ? value : Uint8Array.of(77, 255, 128))
    }
  })

  it('refuses what is no Uint8Array', () => {
    // @ts-expect-error a string is not bytes
    expect(() => payload.bytes.measure('abc')).toThrow('expected a Uint8Array, got the string "abc"')
  })
})
