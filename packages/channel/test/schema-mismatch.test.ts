import {
  array,
  at,
  bool,
  bytes,
  enumeration,
  f32,
  f64,
  payload,
  type Schema,
  struct,
  u8,
  u32,
  union,
  utf8,
  utf16le,
} from '@memlane/protocol'
import { codecOf, type Difference, encodeDescriptor, projectCodec } from '@memlane/protocol/internal'
import { describe, expect, it } from 'vitest'
import { projectionMismatch, schemaMismatch } from '../src/schema-mismatch.js'

const json = (schema: Schema) => new TextDecoder().decode(encodeDescriptor(codecOf(schema).descriptor))
const mismatch = (there: Schema, here: Schema) => schemaMismatch(json(there), json(here))
const Tick = struct('Tick', { price: f64, size: u32 })
const Point = struct('Point', { x: f32, y: f32 })

describe('a mismatch of schemas', () => {
  it('shows the difference first, then both schemas as tables', () => {
    const Other = struct('Tick', { symbol: utf8(8), price: f32, size: u32 })
    expect(mismatch(struct('Tick', { symbol: utf8(8), price: f64, size: u32 }), Other)).toBe(
      [
        'field price is f64 in the memory, and f32 in this process.',
        'In the memory: struct Tick, 24 bytes',
        '  field   type     offset',
        '  symbol  utf8(8)       0',
        '  price   f64           8',
        '  size    u32          16',
        'In this process: struct Tick, 16 bytes',
        '  field   type     offset',
        '  symbol  utf8(8)       0',
        '  price   f32           8',
        '  size    u32          12',
      ].join('\n'),
    )
  })

  it.each<[what: string, here: Schema, difference: string]>([
    [
      'type of a field',
      struct('Tick', { price: f64, size: u8 }),
      'field size is u32 in the memory, and u8 in this process',
    ],
    ['name of a field', struct('Tick', { price: f64, volume: u32 }), 'field size is missing in this process'],
    [
      'order of fields',
      struct('Tick', { size: u32, price: f64 }),
      'field 1 is price in the memory, and size in this process',
    ],
    ['number of fields', struct('Tick', { price: f64 }), 'field size is missing in this process'],
    [
      'number of fields, more in this process',
      struct('Tick', { price: f64, size: u32, lots: u32 }),
      'field lots is missing in the memory',
    ],
    [
      'offset',
      struct('Tick', { price: f64, size: at(12, u32) }),
      'field size is at offset 8 in the memory, and at 12 in this process',
    ],
    [
      'name of the struct',
      struct('Tock', { price: f64, size: u32 }),
      'it is struct Tick, 16 bytes in the memory, and struct Tock, 16 bytes in this process',
    ],
    [
      'length',
      struct('Tick', { price: f64, size: u32 }, { length: 24 }),
      'it is struct Tick, 16 bytes in the memory, and struct Tick, 24 bytes in this process',
    ],
    ['kind', payload.json(), 'it is struct Tick, 16 bytes in the memory, and payload.json in this process'],
    [
      'version word',
      struct('Tick', { price: f64, size: u32 }, { consistency: { sequence: 'size' } }),
      'consistency is missing in the memory, and {"sequence":"size"} in this process',
    ],
  ])('names another %s', (_what, here, difference) => {
    expect(mismatch(Tick, here).split('.\nIn the memory:')[0]).toBe(difference)
  })

  it('shows nested structs, arrays and the members of unions', () => {
    const Path = struct('Path', {
      state: enumeration(u8, { idle: 0, busy: 1 }),
      points: array(Point, 3),
      name: utf16le(6, { terminator: 'optional' }),
      raw: bytes(3),
      on: bool,
    })
    const message = mismatch(union({ note: payload.utf8, path: Path }), union({ note: payload.json(), path: Path }))
    expect(message.split('\nIn this process')[0]).toBe(
      [
        'field note is payload.utf8 in the memory, and payload.json in this process.',
        'In the memory: union',
        '  field             type                                  offset',
        '  note              payload.utf8',
        '  path              struct Path',
        '  path.state        enumeration(u8, {"busy":1,"idle":0})       0',
        '  path.points       array(struct Point, 3)                     4',
        '  path.points[0].x  f32                                        4',
        '  path.points[0].y  f32                                        8',
        '  path.name         utf16le(6, terminator optional)           28',
        '  path.raw          bytes(3)                                  40',
        '  path.on           bool                                      43',
      ].join('\n'),
    )
  })

  it('stays short, and shows no control characters, whatever the memory holds', () => {
    const fields = Array.from({ length: 100 }, (_, index) => ({
      name: `f${index}\n\u001b`,
      offset: index,
      layout: { kind: 'u8' },
    }))
    const hostile: unknown[] = [
      null,
      [],
      7,
      'text',
      { kind: 'struct', name: 'x'.repeat(10_000), fields },
      { kind: { toString: 1 }, fields: [null, { name: {}, offset: 'a', layout: [] }] },
      { kind: 'union', members: 5 },
    ]
    const deep = `${'{"kind":"array","element":'.repeat(20_000)}0${'}'.repeat(20_000)}`
    for (const there of [deep, ...hostile.map((each) => JSON.stringify(each))]) {
      const message = schemaMismatch(there, json(Tick))
      expect(message).toMatch(/In this process: struct Tick, 16 bytes/)
      expect(message.length).toBeLessThan(6000)
      expect(message).not.toContain('\u001b')
    }
    expect(schemaMismatch('{', json(Tick))).toMatch(/^its schema is not readable\.\nIn this process: struct Tick/)
  })
})

describe('a mismatch between a reader and the memory', () => {
  const projected = (there: Schema, here: Schema): string => {
    const [found, declared] = [codecOf(there).descriptor, codecOf(here)]
    return projectionMismatch(projectCodec(found, declared) as Difference, found, declared.descriptor)
  }

  it('names the field that is missing, although others were added before it', () => {
    const There = struct('Tick', { added: u32, price: f64 })
    expect(projected(There, Tick)).toBe(
      [
        'field size is missing in the memory.',
        'In the memory: struct Tick, 16 bytes',
        '  field  type  offset',
        '  added  u32        0',
        '  price  f64        8',
        'In this process: struct Tick, 16 bytes',
        '  field  type  offset',
        '  price  f64        0',
        '  size   u32        8',
      ].join('\n'),
    )
  })

  it.each<[what: string, there: Schema, here: Schema, difference: string]>([
    [
      'a field of an element',
      union({ path: struct('Path', { points: array(Point, 3) }) }),
      union({ path: struct('Path', { points: array(struct('Point', { x: f64 }), 3) }) }),
      'field path.points[0].x is f32 in the memory, and f64 in this process',
    ],
    ['a member', union({ a: u8, 'b\u001b': u8 }), union({ a: u8 }), 'field "b\\u001b" is missing in this process'],
    [
      'an enumeration',
      struct('A', { state: enumeration(u8, { idle: 0, busy: 1 }) }),
      struct('A', { state: enumeration(u8, { idle: 0, busy: 2 }) }),
      '"busy" of field state is 1 in the memory, and 2 in this process',
    ],
    ['the whole', u8, payload.utf8, 'it is u8, 1 bytes in the memory, and payload.utf8 in this process'],
  ])('names %s', (_what, there, here, difference) => {
    expect(projected(there, here).split('.\nIn the memory')[0]).toBe(difference)
  })

  it('stays short, whatever names the memory holds', () => {
    const name = `\u001b${'x'.repeat(10_000)}`
    const message = projected(union({ [name]: struct(name, { [name]: u8 }) }), union({ a: u8 }))
    expect(message.length).toBeLessThan(1000)
    expect(message).not.toContain('\u001b')
  })
})
