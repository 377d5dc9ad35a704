import { isDeepStrictEqual } from 'node:util'
import { seed } from '@memlane/testing/seed'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { messagepack } from '../src/codec/messagepack.js'

/** Values of all kinds that JavaScript has: many that MessagePack carries, and many that it does not. */
const anyValue = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  values: [
    fc.boolean(),
    fc.integer(),
    fc.integer({ min: -(2 ** 33), max: 2 ** 33 }),
    fc.double(),
    fc.constantFrom(null, undefined, -0, '\ud800', '__proto__'),
    fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
    fc.string({ unit: 'binary' }),
    fc.string({ minLength: 20, maxLength: 300 }),
    fc.date({ noInvalidDate: false }),
    fc.constantFrom(Symbol('x'), () => 1, /x/, new Error('x'), new DataView(new ArrayBuffer(3)), new (class {})()),
  ],
  key: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'toJSON', 'constructor', 'x'.repeat(40))),
})

/** Values that MessagePack carries, nested. */
const carriedValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.constantFrom<unknown>(null, true, false, -0, Number.NaN),
      fc.integer(),
      fc.double(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      fc.string({ unit: 'grapheme' }),
      fc.string({ maxLength: 300 }),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array({ maxLength: 300 }),
      fc.int16Array(),
      fc.float64Array(),
      fc.bigUint64Array(),
    ),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(
      fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 20 },
    ),
  ),
})).value

/** A value without what MessagePack does not keep, as documented: properties that are undefined, and missing prototypes. */
function asDocumented(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asDocumented)
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, asDocumented(inner)]),
  )
}

/** Encodes a value into a lane that is full of a byte. */
function encodedOver(fill: number, codec: ReturnType<typeof messagepack>, value: unknown): Uint8Array {
  const lane = new Uint8Array(codec.measure(value)).fill(fill)
  return lane.subarray(0, codec.encode(new DataView(lane.buffer), 0, value))
}

const decoded = (codec: ReturnType<typeof messagepack>, bytes: Uint8Array) =>
  codec.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length)

describe('messagepack', () => {
  it('reads every value as an equal one, or refuses to write it by a TypeError', () => {
    const codec = messagepack<unknown>()
    let carried = 0
    let refused = 0
    fc.assert(
      fc.property(anyValue, (value) => {
        let bytes: Uint8Array
        try {
          bytes = encodedOver(0, codec, value)
        } catch (error) {
          refused++
          expect(error).toBeInstanceOf(TypeError)
          expect((error as TypeError).message).toMatch(/^value.*: MessagePack cannot carry /s)
          return
        }
        carried++
        const read = decoded(codec, bytes)
        expect(isDeepStrictEqual(read, asDocumented(value)), `${fc.stringify(read)} for ${fc.stringify(value)}`).toBe(
          true,
        )
      }),
      { seed, numRuns: 5000 },
    )
    expect(carried).toBeGreaterThan(500)
    expect(refused).toBeGreaterThan(500)
  })

  it('reads all that it carries as equal values', () => {
    const codec = messagepack<unknown>()
    fc.assert(
      fc.property(carriedValue, (value) => {
        const read = decoded(codec, encodedOver(0, codec, value))
        expect(isDeepStrictEqual(read, asDocumented(value)), `${fc.stringify(read)} for ${fc.stringify(value)}`).toBe(
          true,
        )
      }),
      { seed, numRuns: 2000 },
    )
  })

  it('takes no byte of a message from anywhere but its value', () => {
    const codec = messagepack<unknown>()
    const fillers = [0xa5, 0x5a].map((byte) => ({ byte, value: new Uint8Array(20_000).fill(byte) }))
    fc.assert(
      fc.property(fc.oneof(anyValue, carriedValue), (value) => {
        const results = fillers.map((filler) => {
          // The message before leaves the writer's memory full of one byte; the lane is full of it, too.
          encodedOver(0, codec, filler.value)
          try {
            return encodedOver(filler.byte, codec, value)
          } catch (error) {
            return String(error)
          }
        })
        // Any byte that was not written for this value would be 0xa5 in one result and 0x5a in the other.
        expect(results[0]).toEqual(results[1])
      }),
      { seed, numRuns: 2000 },
    )
  })
})
