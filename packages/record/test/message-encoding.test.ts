import { create, createFileRegistry, fromBinary, toJson } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { Payload } from '@memlane/inspect/internal'
import {
  array,
  bool,
  bytes,
  enumeration,
  f32,
  f64,
  i8,
  i32,
  i64,
  payload,
  type Schema,
  struct,
  u8,
  u32,
  u64,
  union,
  utf8,
  utf16le,
} from '@memlane/protocol'
import { codecOf } from '@memlane/protocol/internal'
import { messagepack } from '@memlane/protocol/messagepack'
import { describe, expect, it } from 'vitest'
import { type Encoding, messageEncoding } from '../src/encode/message-encoding.js'

const Leg = struct('Leg', { price: f64, sizes: array(u32, 3) })
const Everything = struct('Everything', {
  small: i8,
  byte: u8,
  count: i32,
  wide: i64,
  unsigned: u64,
  ratio: f32,
  price: f64,
  live: bool,
  side: enumeration(i32, { buy: 1, sell: -2 }),
  symbol: utf8(8),
  title: utf16le(16),
  digest: bytes(5),
  legs: array(Leg, 2),
  grid: array(array(f64, 2), 2),
  sides: array(enumeration(u8, { low: 0, high: 1 }), 2),
})
const everything = {
  small: -128,
  byte: 255,
  count: -2147483648,
  wide: -9223372036854775808n,
  unsigned: 18446744073709551615n,
  ratio: 0.10000000149011612,
  price: Number.NaN,
  live: true,
  side: 'sell',
  symbol: 'ÄÖ"\\',
  title: 'a\u0001é',
  digest: new Uint8Array([0, 1, 254, 255, 7]),
  legs: [
    { price: -0, sizes: [0, 1, 4294967295] },
    { price: Infinity, sizes: [5, 6, 7] },
  ],
  grid: [
    [1.5, -Infinity],
    [5e-324, 1.7976931348623157e308],
  ],
  sides: ['high', 'low'],
}
const zeros = {
  ...(new Payload(codecOf(Everything).descriptor).decode(new Uint8Array(Everything.length)) as object),
  side: 'buy',
}

const Anything = union({
  leg: Leg,
  pair: array(i64, 2),
  note: payload.utf8,
  blob: payload.bytes,
  code: u8,
  any: payload.json<unknown>(),
})

const packed = {
  big: 2n ** 63n,
  float: [0, -0, Number.NaN, 1.5],
  bytes: new Uint8Array([1, 2, 3]),
  samples: new Float32Array([1, 2.5, -0, Number.NaN]),
  when: new Date(1234567890123),
  tagged: { $bigint: 'no number' },
  wide: new BigInt64Array([0n, -5n]),
  nested: { $a: 1, $b: [null, true, 'x', { $deep: { $deeper: 5n } }] },
}

function inMemory(schema: Schema, value: unknown) {
  const payload = new Payload(codecOf(schema).descriptor)
  const bytes = payload.encode(value)
  return {
    bytes,
    value: payload.decode(bytes),
    payload: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  }
}

const cases: [title: string, schema: Schema, value: unknown][] = [
  ['a struct of every kind', Everything, everything],
  ['a struct of zeros', Everything, zeros],
  ['a number', f64, 1.25],
  ['a 64-bit number', i64, -5n],
  ['an array', array(array(u8, 2), 2), [[1, 2], [3, 4]]], // biome-ignore format: a grid
  ['text', payload.utf8, 'line\n"two" €'],
  ['bytes', payload.bytes, new Uint8Array([0, 255])],
  ['no bytes', payload.bytes, new Uint8Array(0)],
  ['JSON', payload.json(), { a: [1, null, { b: 'x' }] }],
  ['JSON that is no object', payload.json(), [1, 2]],
  ['MessagePack', messagepack(), packed],
  ['MessagePack that is no object', messagepack(), 5n],
  ['a member of a union', Anything, { kind: 'leg', value: everything.legs[1] }],
  ['an array in a union', Anything, { kind: 'pair', value: [-1n, 2n ** 62n] }],
  ['text in a union', Anything, { kind: 'note', value: '' }],
  ['bytes in a union', Anything, { kind: 'blob', value: new Uint8Array([9]) }],
  ['a number in a union', Anything, { kind: 'code', value: 0 }],
  ['JSON in a union', Anything, { kind: 'any', value: null }],
]

describe.each(['json', 'protobuf', 'raw'] as const)('messages recorded as %s', (encoding: Encoding) => {
  it.each(cases)('keep %s', (_title, schema, value) => {
    const { descriptor } = codecOf(schema)
    const { record, valueIn, bytesOf } = messageEncoding(encoding, descriptor, 'name')
    const message = inMemory(schema, value)
    const recorded = record(message)
    expect(valueIn(recorded)).toEqual(value)
    expect(bytesOf(recorded)).toEqual(message.bytes)
  })
})

describe('messages recorded as JSON', () => {
  it('are objects that people can read, with 64-bit integers as strings', () => {
    const json = (schema: Schema, value: unknown) => {
      const { descriptor } = codecOf(schema)
      return Buffer.from(messageEncoding('json', descriptor, 'name').record(inMemory(schema, value))).toString()
    }
    expect(JSON.parse(json(Everything, everything))).toMatchObject({
      wide: '-9223372036854775808',
      unsigned: '18446744073709551615',
      price: 'NaN',
      side: 'sell',
      digest: 'AAH+/wc=',
      legs: [{ sizes: [0, 1, 4294967295] }, { price: 'Infinity' }],
    })
    expect(json(payload.utf8, 'hello')).toBe('{"value":"hello"}')
    expect(json(u64, 7n)).toBe('{"value":"7"}')
    expect(json(messagepack(), { n: 5n, day: new Date(0) })).toBe(
      '{"n":{"$bigint":"5"},"day":{"$date":"1970-01-01T00:00:00.000Z"}}',
    )
  })

  it('have a JSON Schema with one plain type for each value', () => {
    const { schema } = messageEncoding('json', codecOf(Leg).descriptor, 'name')
    expect(schema).toMatchObject({ name: 'Leg', encoding: 'jsonschema' })
    expect(JSON.parse(Buffer.from(schema.data).toString())).toMatchObject({
      type: 'object',
      properties: {
        price: { type: 'number' },
        sizes: { type: 'array', items: { type: 'integer' }, minItems: 3, maxItems: 3 },
      },
      required: ['price', 'sizes'],
    })
  })
})

describe('messages recorded as Protocol Buffers', () => {
  const readByLibrary = (schema: Schema, value: unknown) => {
    const { descriptor } = codecOf(schema)
    const encoding = messageEncoding('protobuf', descriptor, 'note of a channel')
    const files = fromBinary(FileDescriptorSetSchema, encoding.schema.data)
    const registry = createFileRegistry(create(FileDescriptorSetSchema, files))
    const message = registry.getMessage(encoding.schema.name)
    if (message === undefined) throw new Error(`no message ${encoding.schema.name}`)
    return toJson(message, fromBinary(message, encoding.record(inMemory(schema, value))))
  }

  it('are read by a library that has only the recorded FileDescriptorSet', () => {
    expect(readByLibrary(Everything, everything)).toMatchObject({
      small: -128,
      wide: '-9223372036854775808',
      unsigned: '18446744073709551615',
      price: 'NaN',
      live: true,
      side: -2,
      digest: 'AAH+/wc=',
      legs: [{ sizes: [0, 1, 4294967295] }, { price: 'Infinity' }],
      grid: [{ values: [1.5, '-Infinity'] }, {}],
      sides: [1, 0],
    })
    expect(readByLibrary(Anything, { kind: 'pair', value: [-1n, 5n] })).toEqual({ pair: { values: ['-1', '5'] } })
    expect(readByLibrary(payload.utf8, 'x')).toEqual({ value: 'x' })
  })

  it('have names that Protocol Buffers allow', () => {
    const Odd = struct('my struct!', { 'a b': u8, 'a-b': u8, a_b: u8, $9: u8 })
    expect(readByLibrary(Odd, { 'a b': 1, 'a-b': 2, a_b: 3, $9: 4 })).toEqual({ 'a b': 1, 'a-b': 2, a_b: 3, $9: 4 })
  })
})
