import { describe, expect, it } from 'vitest'
import {
  type AnyCodec,
  array,
  at,
  bool,
  bool32,
  bytes,
  enumeration,
  f32,
  f64,
  i32,
  latin1,
  payload,
  type Schema,
  struct,
  u8,
  u16,
  u32,
  union,
  utf8,
} from '../src/index.js'
import { codecOf, Difference, projectCodec } from '../src/internal.js'

const project = (there: Schema, here: Schema) => projectCodec(codecOf(there).descriptor, codecOf(here) as AnyCodec)
const fits = (there: Schema, here: Schema) => !(project(there, here) instanceof Difference)
const pathOf = (there: Schema, here: Schema) => (project(there, here) as Difference).path.join('.')

describe('a projection', () => {
  it('is the reader’s own codec if nothing that it reads has moved', () => {
    const own = codecOf(struct('Quote', { bid: f64, seq: u32 })) as AnyCodec
    expect(projectCodec(codecOf(struct('Quote', { bid: f64, seq: u32, lots: u32 })).descriptor, own)).toBe(own)
    const longer = projectCodec(codecOf(struct('Quote', { bid: f64, seq: u32, ask: f64 })).descriptor, own)
    expect(longer).not.toBe(own)
    expect((longer as AnyCodec).fixedLength).toBe(24)
  })

  it('keeps the functions of the reader’s own layouts', () => {
    const doubled = { ...u32, read: (view: DataView, offset: number) => 2 * view.getUint32(offset, true) }
    const projected = project(struct('A', { more: u32, n: u32 }), struct('A', { n: doubled })) as AnyCodec
    const data = new DataView(new ArrayBuffer(8))
    data.setUint32(4, 21, true)
    expect(projected.decode(data, 0, 8)).toEqual({ n: 42 })
  })

  it('steps over the elements of an array by the memory’s distance', () => {
    const [Old, New] = [struct('P', { x: u16 }), struct('P', { y: f64, x: u16 })]
    const projected = project(array(New, 3), array(Old, 3)) as AnyCodec
    const data = new DataView(new ArrayBuffer(48))
    for (const index of [0, 1, 2]) data.setUint16(16 * index + 8, index + 1, true)
    expect(projected.decode(data, 0, 48)).toEqual([{ x: 1 }, { x: 2 }, { x: 3 }])
    const view = projected.readonlyView?.(data).at(0, 48) as { get(index: number): { x: number }; length: number }
    expect([view.length, view.get(2).x]).toEqual([3, 3])
  })

  it('reads fields that share bytes', () => {
    const Both = struct('Both', { word: u32, low: at(0, u16) }, { overlap: true })
    expect(fits(Both, struct('Both', { low: u16 }))).toBe(true)
  })

  it.each<[what: string, there: Schema, here: Schema]>([
    ['text of another terminator', utf8(8, { terminator: 'optional' }), utf8(8)],
    ['an enumeration with more names in the memory', enumeration(u8, { a: 0, b: 1 }), enumeration(u8, { a: 0 })],
    ['an enumeration with more names in the reader', enumeration(u8, { a: 0 }), enumeration(u8, { a: 0, b: 1 })],
    ['an enumeration with a second name', enumeration(u8, { a: 0 }), enumeration(u8, { first: 0, a: 0 })],
    ['another alignment', struct('A', { x: u8, y: u32 }, { packed: true }), struct('A', { x: u8, y: u32 })],
    ['version words', struct('A', { x: u32 }, { consistency: { sequence: 'x' } }), struct('A', { x: u32 })],
    ['a union with more members in the reader', union({ a: u8 }), union({ b: u32, a: u8 })],
    ['a union in another order', union({ a: u8, b: u32 }), union({ b: u32, a: u8 })],
    ['a payload of the same encoding', payload.json(), payload.json<{ id: number }>()],
  ])('fits %s', (_what, there, here) => {
    expect(fits(there, here)).toBe(true)
  })

  it.each<[what: string, there: Schema, here: Schema, path: string]>([
    ['a missing field', struct('A', { x: u8 }), struct('A', { x: u8, y: u8 }), 'y'],
    ['another kind of number', struct('A', { x: i32 }), struct('A', { x: u32 }), 'x'],
    ['a number that was widened', struct('A', { x: f64 }), struct('A', { x: f32 }), 'x'],
    ['another bool', struct('A', { x: bool32 }), struct('A', { x: bool }), 'x'],
    ['longer bytes', struct('A', { x: bytes(4) }), struct('A', { x: bytes(3) }), 'x'],
    ['longer text', struct('A', { x: utf8(9) }), struct('A', { x: utf8(8) }), 'x'],
    ['another encoding', struct('A', { x: latin1(8) }), struct('A', { x: utf8(8) }), 'x'],
    ['more elements', struct('A', { x: array(u8, 3) }), struct('A', { x: array(u8, 2) }), 'x'],
    ['other elements', struct('A', { x: array(u8, 2) }), struct('A', { x: array(u16, 2) }), 'x.0'],
    ['another name of the struct', struct('A', { x: u8 }), struct('B', { x: u8 }), ''],
    [
      'a missing field in the elements of an array of structs',
      struct('A', { list: array(struct('P', { x: u8 }), 2) }),
      struct('A', { list: array(struct('P', { x: u8, z: u8 }), 2) }),
      'list.0.z',
    ],
    ['another base of an enumeration', enumeration(u16, { a: 0 }), enumeration(u8, { a: 0 }), ''],
    ['another number of a name', enumeration(u8, { a: 0, b: 1 }), enumeration(u8, { a: 0, b: 2 }), ''],
    ['another name of a number', enumeration(u8, { a: 0, b: 1 }), enumeration(u8, { a: 0, c: 1 }), ''],
    ['a member that the reader lacks', union({ a: u8, b: u32 }), union({ a: u8 }), 'b'],
    ['another type of a member', union({ a: u8, b: u32 }), union({ a: u8, b: f64 }), 'b'],
    ['another encoding of a payload', payload.json(), payload.utf8, ''],
    ['a layout in place of a payload', u8, payload.utf8, ''],
    ['a payload in place of a union', payload.utf8, union({ a: payload.utf8 }), ''],
  ])('refuses %s', (_what, there, here, path) => {
    expect(fits(there, here)).toBe(false)
    expect(pathOf(there, here)).toBe(path)
  })

  it('tells both sides of an enumeration that differs', () => {
    const renamed = project(enumeration(u8, { a: 0, b: 1 }), enumeration(u8, { a: 0, c: 1 })) as Difference
    expect([renamed.part, renamed.there, renamed.here]).toEqual([1, 'b', 'c'])
    const renumbered = project(enumeration(u8, { a: 0, b: 1 }), enumeration(u8, { a: 0, b: 2 })) as Difference
    expect([renumbered.part, renumbered.there, renumbered.here]).toEqual(['b', 1, 2])
  })

  it('reads the number of a name that only the memory has', () => {
    const projected = project(enumeration(u8, { a: 0, b: 1 }), enumeration(u8, { a: 0 })) as AnyCodec
    const data = new DataView(Uint8Array.of(0, 1).buffer)
    expect([projected.decode(data, 0, 1), projected.decode(data, 1, 1)]).toEqual(['a', 1])
  })

  it('gives a member its number in the memory', () => {
    const projected = project(union({ b: u32, a: u8 }), union({ a: u8, b: u32, c: u8 })) as AnyCodec
    const data = new DataView(new ArrayBuffer(16))
    data.setUint32(8, 7, true)
    expect(projected.decode(data, 0, 12)).toEqual({ kind: 'b', value: 7 })
    data.setUint32(0, 2, true)
    expect(() => projected.decode(data, 0, 9)).toThrow('2 at offset 0 is no member of a union of 2')
  })

  it('compares a codec that the program has made by itself as a whole', () => {
    const own: AnyCodec = { ...payload.bytes, descriptor: { kind: 'u8', length: 1, alignment: 1 } }
    expect(projectCodec({ kind: 'u8', length: 1, alignment: 1 }, own)).toBe(own)
    expect(projectCodec({ kind: 'i8', length: 1, alignment: 1 }, own)).toBeInstanceOf(Difference)
    const { fields: _fields, ...layout } = struct('Own', { x: u8 })
    expect(fits(struct('Own', { y: u8, x: u8 }), layout)).toBe(false)
    expect(fits(struct('Own', { x: u8 }), layout)).toBe(true)
  })
})
