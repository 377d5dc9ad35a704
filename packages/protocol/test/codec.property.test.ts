import { seed } from '@memlane/testing/seed'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { messagepack } from '../src/codec/messagepack.js'
import {
  type AnyCodec,
  array,
  bool,
  bytes,
  f64,
  i32,
  LayoutError,
  payload,
  struct,
  u8,
  u32,
  union,
  utf8,
} from '../src/index.js'
import { codecOf } from '../src/internal.js'

const Quote = struct('Quote', { symbol: utf8(8), bid: f64, seq: u32, sides: array(u8, 3), firm: bool })
const quote = fc.record({
  symbol: fc.string({ unit: 'binary-ascii', maxLength: 7 }).map((text) => text.replaceAll('\0', '?')),
  bid: fc.double(),
  seq: fc.integer({ min: 0, max: 0xffffffff }),
  sides: fc.array(fc.nat(255), { minLength: 3, maxLength: 3 }),
  firm: fc.boolean(),
})
const byteArray = fc.uint8Array({ maxLength: 100 })
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\0', '\uFEFFx'))
const jsonValue = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)))
const plainValue = fc.anything({
  withBigInt: false,
  withDate: false,
  withMap: false,
  withNullPrototype: false,
  withObjectString: false,
  withSet: false,
  withTypedArray: false,
  withSparseArray: false,
  key: fc.string({ unit: 'binary' }).filter((key) => key !== '__proto__' && key !== 'toJSON'),
  values: [
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double().filter((number) => !Object.is(number, -0)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.string({ unit: 'binary' }),
    byteArray,
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }),
  ],
})

const Everything = union({
  quote: Quote,
  number: i32,
  raw: bytes(3),
  bytes: payload.bytes,
  text: payload.utf8,
  json: payload.json(),
  pack: messagepack(),
  inner: union({ note: payload.utf8, count: u32 }),
})
const everything = fc.oneof(
  fc.record({ kind: fc.constant('quote' as const), value: quote }),
  fc.record({ kind: fc.constant('number' as const), value: fc.integer() }),
  fc.record({ kind: fc.constant('raw' as const), value: fc.uint8Array({ minLength: 3, maxLength: 3 }) }),
  fc.record({ kind: fc.constant('bytes' as const), value: byteArray }),
  fc.record({ kind: fc.constant('text' as const), value: text }),
  fc.record({ kind: fc.constant('json' as const), value: jsonValue }),
  fc.record({ kind: fc.constant('pack' as const), value: plainValue }),
  fc.record({
    kind: fc.constant('inner' as const),
    value: fc.record({ kind: fc.constant('note' as const), value: fc.string({ unit: 'binary' }) }),
  }),
)

const codecs: readonly [name: string, codec: AnyCodec, values: fc.Arbitrary<unknown>][] = [
  ['a struct', codecOf(Quote), quote],
  ['bytes', payload.bytes, byteArray],
  ['utf8', payload.utf8, text],
  ['json', payload.json(), jsonValue],
  ['messagepack', messagepack(), plainValue],
  ['a union', Everything, everything],
]

/** The byte that surrounds a payload. A codec must neither change nor read it. */
const AROUND = 0xee

describe.each(codecs)('the codec of %s', (_name, codec, values) => {
  it('reads the value that it wrote, at any place of a lane, and touches no other byte', () => {
    fc.assert(
      fc.property(values, fc.nat(20), fc.nat(20), (value, laneOffset, place) => {
        const claimed = codec.measure(value)
        const offset = 8 * place
        const memory = new Uint8Array(laneOffset + offset + claimed + 50).fill(AROUND)
        const data = new DataView(memory.buffer, laneOffset)
        const length = codec.encode(data, offset, value)
        expect(length).toBeLessThanOrEqual(claimed)
        const start = laneOffset + offset
        expect(memory.subarray(0, start).every((byte) => byte === AROUND)).toBe(true)
        expect(memory.subarray(start + claimed).every((byte) => byte === AROUND)).toBe(true)
        const before = memory.slice()
        const read = codec.decode(data, offset, length)
        expect(read).toEqual(value)
        codec.view(data).at(offset, length)
        expect(memory).toEqual(before)
        memory.fill(0x55)
        expect(read).toEqual(value)
      }),
      { seed, numRuns: 500 },
    )
  })

  it('turns any bytes into a value or a LayoutError, and ignores the bytes around them', () => {
    const written = values.map((value) => {
      const memory = new Uint8Array(codec.measure(value))
      return memory.subarray(0, codec.encode(new DataView(memory.buffer), 0, value))
    })
    const damaged = fc.tuple(written, fc.nat(), fc.nat(255), fc.nat(2)).map(([bytes, where, byte, cut]) => {
      if (bytes.length > 0) bytes[where % bytes.length] = byte
      return bytes.subarray(Math.min(cut, bytes.length))
    })
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(fc.nat(9), fc.uint8Array({ maxLength: 60 }))
        .map(([kind, rest]) => Uint8Array.of(kind, 0, 0, 0, 0, 0, 0, 0, ...rest)),
      damaged,
    )
    fc.assert(
      fc.property(hostile, (bytes) => {
        const outcomes = [0x00, 0xff].map((around) => {
          const memory = new Uint8Array(bytes.length + 80).fill(around)
          memory.set(bytes, 40)
          const data = new DataView(memory.buffer, 8)
          try {
            return { value: codec.decode(data, 32, bytes.length) }
          } catch (error) {
            expect(error).toBeInstanceOf(LayoutError)
            expect(() => codec.view(data).at(32, bytes.length)).toThrow(LayoutError)
            return { code: (error as LayoutError).code }
          }
        })
        expect(outcomes[0]).toEqual(outcomes[1])
      }),
      { seed, numRuns: 2000 },
    )
  })
})
