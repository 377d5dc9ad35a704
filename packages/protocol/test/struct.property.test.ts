import { seed } from '@memlane/testing/seed'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AnyLayout,
  array,
  bool,
  bytes,
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  type LayoutDescriptor,
  latin1,
  struct,
  u8,
  u16,
  u32,
  u64,
  utf8,
  utf16le,
  utf32le,
} from '../src/index.js'

/** A layout, with its size and alignment in C and values that fit, as the test itself computes them. */
interface Case {
  layout: AnyLayout
  size: number
  align: number
  value: fc.Arbitrary<unknown>
}

const scalars: Case[] = [
  { layout: i8, size: 1, align: 1, value: fc.integer({ min: -128, max: 127 }) },
  { layout: u8, size: 1, align: 1, value: fc.nat(255) },
  { layout: i16, size: 2, align: 2, value: fc.integer({ min: -32768, max: 32767 }) },
  { layout: u16, size: 2, align: 2, value: fc.nat(65535) },
  { layout: i32, size: 4, align: 4, value: fc.integer() },
  { layout: u32, size: 4, align: 4, value: fc.nat(0xffffffff) },
  { layout: i64, size: 8, align: 8, value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { layout: u64, size: 8, align: 8, value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
  { layout: f32, size: 4, align: 4, value: fc.float() },
  { layout: f64, size: 8, align: 8, value: fc.double() },
  { layout: bool, size: 1, align: 1, value: fc.boolean() },
]
const ascii = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'Z', '0', ' ', '~'), maxLength })

const leaf: fc.Arbitrary<Case> = fc.oneof(
  fc.constantFrom(...scalars),
  fc.integer({ min: 1, max: 9 }).map((n) => ({ layout: utf8(n), size: n, align: 1, value: ascii(n - 1) })),
  fc.integer({ min: 1, max: 9 }).map((n) => ({ layout: latin1(n), size: n, align: 1, value: ascii(n - 1) })),
  fc.integer({ min: 1, max: 9 }).map((n) => ({ layout: utf16le(n), size: 2 * n, align: 2, value: ascii(n - 1) })),
  fc.integer({ min: 1, max: 9 }).map((n) => ({ layout: utf32le(n), size: 4 * n, align: 4, value: ascii(n - 1) })),
  fc.integer({ min: 1, max: 9 }).map((n) => ({
    layout: bytes(n),
    size: n,
    align: 1,
    value: fc.uint8Array({ minLength: n, maxLength: n }),
  })),
)

const { layoutCase } = fc.letrec<{ layoutCase: Case }>((tie) => ({
  layoutCase: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.tuple(tie('layoutCase'), fc.integer({ min: 1, max: 4 })).map(([element, count]) => ({
      layout: array(element.layout, count),
      size: element.size * count,
      align: element.align,
      value: fc.array(element.value, { minLength: count, maxLength: count }),
    })),
    fc
      .tuple(fc.array(tie('layoutCase'), { minLength: 1, maxLength: 5 }), fc.boolean())
      .map(([fields, packed]) => structOf(fields, packed)),
  ),
}))

function structOf(fields: Case[], packed: boolean): Case & { offsets: number[] } {
  const named = fields.map((field, index) => [`f${index}`, field] as const)
  const offsets: number[] = []
  let size = 0
  let align = 1
  for (const field of fields) {
    const step = packed ? 1 : field.align
    while (size % step !== 0) size++
    offsets.push(size)
    size += field.size
    if (step > align) align = step
  }
  while (size % align !== 0) size++
  return {
    layout: struct('S', Object.fromEntries(named.map(([name, { layout }]) => [name, layout])), { packed }),
    size,
    align,
    offsets,
    value: fc.record(Object.fromEntries(named.map(([name, { value }]) => [name, value])), { noNullPrototype: true }),
  }
}

const anyStruct = fc.tuple(fc.array(layoutCase, { minLength: 1, maxLength: 6 }), fc.boolean())

/** Decodes with nothing but the descriptor, as a tool in another language would do. */
function decode(descriptor: LayoutDescriptor, data: DataView, offset: number): unknown {
  switch (descriptor.kind) {
    case 'i8':
      return data.getInt8(offset)
    case 'u8':
      return data.getUint8(offset)
    case 'i16':
      return data.getInt16(offset, true)
    case 'u16':
      return data.getUint16(offset, true)
    case 'i32':
      return data.getInt32(offset, true)
    case 'u32':
      return data.getUint32(offset, true)
    case 'i64':
      return data.getBigInt64(offset, true)
    case 'u64':
      return data.getBigUint64(offset, true)
    case 'f32':
      return data.getFloat32(offset, true)
    case 'f64':
      return data.getFloat64(offset, true)
    case 'bool':
      return data.getUint8(offset) !== 0
    case 'bytes':
      return new Uint8Array(data.buffer, data.byteOffset + offset, descriptor.length).slice()
    case 'text': {
      const unit = { utf8: 1, latin1: 1, utf16le: 2, utf32le: 4 }[descriptor.encoding]
      let decoded = ''
      for (let at = offset; at < offset + descriptor.length && data.getUint8(at) !== 0; at += unit)
        decoded += String.fromCharCode(data.getUint8(at))
      return decoded
    }
    case 'array':
      return Array.from({ length: descriptor.count }, (_, index) =>
        decode(descriptor.element, data, offset + index * descriptor.element.length),
      )
    case 'struct':
      return Object.fromEntries(
        descriptor.fields.map(({ name, offset: at, layout }) => [name, decode(layout, data, offset + at)]),
      )
    default:
      throw new Error(`unexpected ${descriptor.kind}`)
  }
}

describe('any struct', () => {
  it('has the offsets, the length and the alignment of a C compiler', () => {
    fc.assert(
      fc.property(anyStruct, ([fields, packed]) => {
        const { layout, size, align, offsets } = structOf(fields, packed)
        const descriptor = layout.descriptor as Extract<LayoutDescriptor, { kind: 'struct' }>
        expect(descriptor.fields.map(({ offset }) => offset)).toEqual(offsets)
        expect([layout.length, layout.alignment]).toEqual([size, align])
      }),
      { seed },
    )
  })

  it('reads what was written by values, accessors and the descriptor, and touches no other byte', () => {
    const withValue = anyStruct.chain(([fields, packed]) => {
      const { layout, value } = structOf(fields, packed)
      return fc.tuple(fc.constant(layout), value, fc.nat(7))
    })
    fc.assert(
      fc.property(withValue, ([layout, value, offset]) => {
        const memory = new Uint8Array(offset + layout.length + 8).fill(0xee)
        const data = new DataView(memory.buffer)
        layout.write(data, offset, value)
        expect(layout.read(data, offset)).toEqual(value)
        const descriptor = JSON.parse(JSON.stringify(layout.descriptor)) as LayoutDescriptor
        expect(decode(descriptor, data, offset)).toEqual(value)
        expect(memory.subarray(0, offset).every((byte) => byte === 0xee)).toBe(true)
        expect(memory.subarray(offset + layout.length).every((byte) => byte === 0xee)).toBe(true)

        const accessor = layout.view(memory.buffer, offset)
        const copy = new DataView(new ArrayBuffer(layout.length))
        layout.write(copy, 0, accessor)
        expect(layout.read(copy, 0)).toEqual(value)
      }),
      { seed },
    )
  })

  it('reads any bytes without an error', () => {
    const withBytes = anyStruct.chain(([fields, packed]) => {
      const { layout } = structOf(fields, packed)
      return fc.tuple(fc.constant(layout), fc.uint8Array({ minLength: layout.length, maxLength: layout.length }))
    })
    fc.assert(
      fc.property(withBytes, ([layout, memory]) => {
        layout.read(new DataView(memory.slice().buffer), 0)
      }),
      { seed },
    )
  })

  it('is refused by a view that ends too early, at any offset', () => {
    fc.assert(
      fc.property(anyStruct, fc.integer({ min: -10, max: 10 }), ([fields, packed], shift) => {
        const { layout } = structOf(fields, packed)
        const buffer = new ArrayBuffer(layout.length + 5)
        const fits = shift >= 0 && shift <= 5
        if (fits) layout.view(buffer, shift)
        else expect(() => layout.view(buffer, shift)).toThrow(RangeError)
      }),
      { seed },
    )
  })
})
