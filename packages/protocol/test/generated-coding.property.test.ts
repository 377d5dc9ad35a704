import { seed } from '@memlane/testing/seed'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AnyLayout,
  array,
  bool,
  bool32,
  bytes,
  enumeration,
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  struct,
  u8,
  u16,
  u32,
  u64,
  utf8,
} from '../src/index.js'
import { place } from '../src/layout/field-placement.js'
import { generateCoding } from '../src/layout/generated-coding.js'
import { closureCoding, type StructCoding } from '../src/layout/struct-fields.js'

/** A layout, and values that fit. */
interface Case {
  layout: AnyLayout
  value: fc.Arbitrary<unknown>
}

const Point = struct('Point', { x: f64, y: i16 })
const point = fc.record({ x: fc.double(), y: fc.integer({ min: -32768, max: 32767 }) })
const cases: Case[] = [
  { layout: i8, value: fc.integer({ min: -128, max: 127 }) },
  { layout: u8, value: fc.nat(255) },
  { layout: i16, value: fc.integer({ min: -32768, max: 32767 }) },
  { layout: u16, value: fc.nat(65535) },
  { layout: i32, value: fc.integer() },
  { layout: u32, value: fc.nat(0xffffffff) },
  { layout: i64, value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { layout: u64, value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
  { layout: f32, value: fc.float() },
  { layout: f64, value: fc.double() },
  { layout: bool, value: fc.boolean() },
  { layout: bool32, value: fc.boolean() },
  { layout: enumeration(u8, { off: 0, on: 1 }), value: fc.constantFrom('off', 'on') },
  { layout: utf8(7), value: fc.string({ unit: fc.constantFrom('a', 'ä', '€'), maxLength: 2 }) },
  { layout: bytes(3), value: fc.uint8Array({ minLength: 3, maxLength: 3 }) },
  { layout: array(i16, 2), value: fc.array(fc.integer({ min: -32768, max: 32767 }), { minLength: 2, maxLength: 2 }) },
  { layout: array(Point, 2), value: fc.array(point, { minLength: 2, maxLength: 2 }) },
  { layout: Point, value: point },
]

/** Names that would break source code if they got into it unquoted. */
const NAMES = [
  '"',
  "'",
  '`',
  '$\u007bx}',
  '\\',
  '\\u0022',
  '\u2028',
  '\u2029',
  '\n',
  '*/',
  '//',
  ']',
  '\ud800',
  'constructor',
]
const OTHER_NAMES = [
  'toString',
  'hasOwnProperty',
  'value',
  'view',
  'offset',
  'slow',
  'fields',
  'count',
  'name',
  'v0',
  'if',
]
const isName = (name: string) => !/^(?:\d+|__proto__|)$/.test(name) && !name.startsWith('\0')
const name = fc.oneof(fc.constantFrom(...NAMES, ...OTHER_NAMES), fc.string({ unit: 'binary' }).filter(isName))

/** Values that no field takes, or only some of them. */
const odd = fc.oneof(
  fc.constantFrom(0.5, -1, -0, 256, 2 ** 31, 2 ** 32, 3.4028235677973366e38, 1e300, Number.NaN, Infinity, -Infinity),
  fc.constantFrom<unknown>(null, undefined, 1n, 2n ** 64n, Symbol('odd'), true, 'off', '', [], {}),
  fc.constantFrom<unknown>({ valueOf: () => 1 }, new Number(1), [1], () => 1),
  fc.anything(),
)

type Change = (value: Record<string, unknown>, names: readonly string[]) => unknown

/** Returns the value changed so that it fits no longer, or still. */
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.constant<Change>((value) => value),
  fc.tuple(fc.nat(), odd).map(
    ([index, other]): Change =>
      (value, names) => {
        return { ...value, [names[index % names.length] as string]: other }
      },
  ),
  fc.tuple(name, odd).map(
    ([unknown, other]): Change =>
      (value) => ({ ...value, [unknown]: other }),
  ),
  fc.nat().map(
    (index): Change =>
      (value, names) => {
        const { [names[index % names.length] as string]: _, ...rest } = value
        return rest
      },
  ),
  fc.constant<Change>((value) => Object.create(value)),
  name.map(
    (unknown): Change =>
      (value) =>
        Object.assign(Object.create({ [unknown]: 1 }), value),
  ),
  fc.constant<Change>((value, names) => Object.fromEntries(names.toReversed().map((each) => [each, value[each]]))),
  fc.constant<Change>((value) => Object.assign(Object.create(null), value)),
  odd.map(
    (other): Change =>
      () =>
        other,
  ),
)

const sample = fc
  .tuple(
    fc.uniqueArray(fc.tuple(name, fc.constantFrom(...cases)), {
      minLength: 1,
      maxLength: 20,
      selector: ([key]) => key,
    }),
    fc.boolean(),
  )
  .chain(([fields, packed]) => {
    const layouts = Object.fromEntries(fields.map(([key, { layout }]) => [key, layout]))
    const values = Object.fromEntries(fields.map(([key, { value }]) => [key, value]))
    const { placed, length } = place('S', layouts, { packed })
    const closures = closureCoding('S', placed)
    const generated = generateCoding(placed, closures)
    return fc.record({
      closures: fc.constant(closures),
      generated: fc.constant(generated),
      names: fc.constant(Object.keys(layouts)),
      length: fc.constant(length),
      value: fc.record(values, { noNullPrototype: true }),
      change,
      memory: fc.uint8Array({ minLength: length, maxLength: length }),
    })
  })

/** What a call returns, or which error it throws. */
function outcome(call: () => unknown): unknown {
  try {
    return { result: call() }
  } catch (error) {
    return error instanceof Error ? { name: error.name, message: error.message } : { thrown: error }
  }
}

/** Numbers on both sides of each type's limits, and other values. */
const EDGES = [7, 8, 15, 16, 31, 32, 63, 64, 128].flatMap((bits) => {
  const limit = 2 ** bits
  return [limit - 1, limit, limit + 1].flatMap((value) => [value, -value, value + 0.5])
})
const F32_EDGES = [3.4028234663852886e38, 3.402823567797336e38, 3.4028235677973366e38].flatMap((value) => [
  value,
  -value,
])
const OTHERS = [
  0,
  -0,
  Number.NaN,
  Infinity,
  -Infinity,
  1n,
  true,
  false,
  'on',
  null,
  undefined,
  Symbol('odd'),
  Object(1),
]

const LIMITS: readonly unknown[] = [...EDGES, ...F32_EDGES, ...OTHERS]
const kinds = cases.map(({ layout, value }) => [layout.descriptor.kind, layout, value] as const)

/** Closures that must not be called. */
const NONE: StructCoding = { check: unexpected, put: unexpected, read: unexpected, checkAndPut: unexpected }

function unexpected(): never {
  throw new Error('this is for generated code')
}

describe('generated code', () => {
  it.each(kinds)('needs no closure for %s that fits', (_, layout, value) => {
    const limits = LIMITS.filter((each) => layout.check(each) === undefined)
    for (const field of limits)
      expect(generateCoding(place('S', { field: layout }, {}).placed, NONE).check({ field })).toBe(undefined)
    fc.assert(
      fc.property(value, (field) => {
        const { placed, length } = place('S', { field: layout }, {})
        const { check, put, read, checkAndPut } = generateCoding(placed, NONE)
        const data = new DataView(new ArrayBuffer(length))
        expect(check({ field })).toBe(undefined)
        checkAndPut(data, 0, { field })
        put(data, 0, { field })
        read(data, 0)
      }),
      { seed },
    )
  })
})

describe('generated code and closures', () => {
  it.each(kinds)('treat the limits of %s alike', (_, layout) => {
    const { placed, length } = place('S', { field: layout }, {})
    const closures = closureCoding('S', placed)
    const [one, other] = [closures, generateCoding(placed, closures)].map(({ checkAndPut }) =>
      LIMITS.map((field) => {
        const bytes = new Uint8Array(length).fill(0xee)
        return { written: outcome(() => checkAndPut(new DataView(bytes.buffer), 0, { field })), bytes }
      }),
    )
    expect(other).toEqual(one)
  })

  it('accept the same values, write the same bytes, and throw the same errors', () => {
    fc.assert(
      fc.property(sample, ({ closures, generated, names, length, value, change }) => {
        expect(generated).not.toBe(closures)
        const changed = change(value, names)
        const [one, other] = [closures, generated].map(({ check, checkAndPut }) => {
          const bytes = new Uint8Array(length).fill(0xee)
          const checked = outcome(() => check(changed)?.toError('S').message)
          const written = outcome(() => checkAndPut(new DataView(bytes.buffer), 0, changed))
          return { checked, written, bytes }
        })
        expect(other).toEqual(one)
      }),
      { seed, numRuns: 1000 },
    )
  })

  it('read the same values, with the fields in the same order, and put them back', () => {
    fc.assert(
      fc.property(sample, ({ closures, generated, names, length, value, memory }) => {
        const data = new DataView(memory.slice().buffer)
        const read = generated.read(data, 0)
        expect(read).toEqual(closures.read(data, 0))
        expect(Object.keys(read)).toEqual(names)
        expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
        const [one, other] = [closures, generated].map(({ put }) => {
          const bytes = new Uint8Array(length)
          put(new DataView(bytes.buffer), 0, value)
          return bytes
        })
        expect(other).toEqual(one)
        expect(generated.read(new DataView((other as Uint8Array<ArrayBuffer>).buffer), 0)).toEqual(
          closures.read(new DataView((one as Uint8Array<ArrayBuffer>).buffer), 0),
        )
      }),
      { seed },
    )
  })
})
