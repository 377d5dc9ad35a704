import {
  type AnyCodec,
  array,
  bytes,
  enumeration,
  f64,
  i64,
  payload,
  type Schema,
  struct,
  u8,
  u64,
  union,
  utf8,
} from '@memlane/protocol'
import { codecOf } from '@memlane/protocol/internal'
import { messagepack } from '@memlane/protocol/messagepack'
import { describe, expect, it } from 'vitest'
import { fromJson, toJson } from '../src/json-value.js'

const Everything = struct('Everything', {
  id: u64,
  change: i64,
  price: f64,
  side: enumeration(u8, { buy: 0, sell: 1 }),
  digest: bytes(4),
  symbol: utf8(8),
  times: array(u64, 2),
  leg: struct('Leg', { id: u64 }),
})

const everything = {
  id: 2n ** 64n - 1n,
  change: -5n,
  price: Number.NaN,
  side: 'sell',
  digest: Uint8Array.of(0, 255, 1, 2),
  symbol: 'ACME',
  times: [1n, 2n],
  leg: { id: 7n },
}

const cases: [string, Schema, unknown, unknown][] = [
  [
    'a struct',
    Everything,
    everything,
    {
      id: '18446744073709551615',
      change: '-5',
      price: 'NaN',
      side: 'sell',
      digest: 'AP8BAg==',
      symbol: 'ACME',
      times: ['1', '2'],
      leg: { id: '7' },
    },
  ],
  [
    'a member of a union',
    union({ leg: struct('Leg', { id: u64 }), note: payload.utf8 }),
    { kind: 'leg', value: { id: 7n } },
    { kind: 'leg', value: { id: '7' } },
  ],
  ['text', payload.utf8, 'hello', 'hello'],
  ['bytes', payload.bytes, Uint8Array.of(1, 2, 3), 'AQID'],
  ['JSON', payload.json(), { $bigint: '1', a: [null, 'x'] }, { $bigint: '1', a: [null, 'x'] }],
  ['a number', f64, -Infinity, '-Infinity'],
  ['-0', f64, -0, '-0'],
  [
    'MessagePack',
    messagepack(),
    {
      big: 2n ** 63n,
      when: new Date(1e12),
      raw: Uint8Array.of(1),
      floats: Float64Array.of(1.5, Number.NaN),
      longs: BigInt64Array.of(-1n),
      zero: -0,
      likeOne: { $date: 'today' },
      plain: { $other: 1 },
    },
    {
      big: { $bigint: '9223372036854775808' },
      when: { $date: '2001-09-09T01:46:40.000Z' },
      raw: { $bytes: 'AQ==' },
      floats: { $Float64Array: [1.5, 'NaN'] },
      longs: { $BigInt64Array: ['-1'] },
      zero: { $number: '-0' },
      likeOne: { $object: { $date: 'today' } },
      plain: { $other: 1 },
    },
  ],
]

describe.each(cases)('%s', (_, schema, value, json) => {
  const codec: AnyCodec = codecOf(schema)
  it('is printed in this form', () => {
    expect(JSON.parse(JSON.stringify(toJson(value, codec.descriptor)))).toEqual(json)
  })

  it('is read from the same form, and then fits the schema', () => {
    const read = fromJson(JSON.parse(JSON.stringify(json)), codec.descriptor)
    expect(read).toEqual(value)
    expect(codec.measure(read)).toBeGreaterThan(0)
  })
})

describe('fromJson', () => {
  it('takes integers of JSON for 64 bits, unless JSON has rounded them', () => {
    expect(fromJson(7, u64.descriptor)).toBe(7n)
    expect(fromJson(2 ** 53, u64.descriptor)).toBe(2 ** 53) // the codec refuses a number
  })

  it('leaves what does not fit to the codec', () => {
    expect(fromJson('x', u64.descriptor)).toBe('x')
    expect(fromJson('not base64', bytes(3).descriptor)).toBe('not base64')
    expect(fromJson([1], Everything.descriptor)).toEqual([1])
    expect(fromJson({ kind: 'nope', value: 1 }, union({ a: f64 }).descriptor)).toEqual({ kind: 'nope', value: 1 })
  })
})
