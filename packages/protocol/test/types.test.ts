import { describe, expectTypeOf, it } from 'vitest'
import { messagepack } from '../src/codec/messagepack.js'
import {
  type AnyLayout,
  type ArrayView,
  array,
  at,
  bool,
  bytes,
  type Codec,
  enumeration,
  f64,
  type Infer,
  type MessageOf,
  type MessageView,
  payload,
  readSnapshot,
  type Schema,
  type StructLayout,
  struct,
  u8,
  u32,
  u64,
  union,
  utf8,
  writeSnapshot,
} from '../src/index.js'
import { codecOf } from '../src/internal.js'
import { AssettoCorsaPhysics, readHwinfo } from '../src/layouts/index.js'

const Point = struct('Point', { x: f64, y: at(8, f64) })
const Everything = struct(
  'Everything',
  {
    seq: u32,
    flag: bool,
    big: u64,
    name: utf8(8),
    raw: bytes(4),
    state: enumeration(u8, { off: 0, on: 1 }),
    point: Point,
    points: array(Point, 2),
    numbers: array(u8, 3),
  },
  { consistency: { sequence: 'seq' } },
)

describe('types', () => {
  it('give the plain value of a declaration', () => {
    expectTypeOf<Infer<typeof Everything>>().toEqualTypeOf<{
      seq: number
      flag: boolean
      big: bigint
      name: string
      raw: Uint8Array
      state: 'off' | 'on' | number
      point: { x: number; y: number }
      points: { x: number; y: number }[]
      numbers: number[]
    }>()
    expectTypeOf<Infer<typeof u64>>().toEqualTypeOf<bigint>()
    expectTypeOf<Infer<typeof AssettoCorsaPhysics>['tyreContactPoint']>().toEqualTypeOf<number[][]>()
  })

  it('give the accessor of a declaration', () => {
    type View = ReturnType<typeof Everything.view>
    expectTypeOf<View['seq']>().toEqualTypeOf<number>()
    expectTypeOf<View['raw']>().toEqualTypeOf<Uint8Array>()
    expectTypeOf<View['point']>().toEqualTypeOf<{ x: number; y: number }>()
    expectTypeOf<View['numbers']>().toEqualTypeOf<ArrayView<number>>()
    expectTypeOf<ReturnType<View['points']['get']>>().toEqualTypeOf<{ x: number; y: number }>()
    const view = Everything.view(new ArrayBuffer(Everything.length))
    // @ts-expect-error a nested accessor is not assignable
    void (() => (view.point = { x: 1, y: 2 }))
    expectTypeOf<ReturnType<typeof u32.view>>().toEqualTypeOf<{ value: number }>()
  })

  it('know the fields and their layouts', () => {
    expectTypeOf<typeof Everything.fields.big.layout>().toEqualTypeOf<typeof u64>()
    expectTypeOf<typeof Point.fields.y.layout>().toEqualTypeOf<typeof f64>()
    // @ts-expect-error there is no such field
    void Point.fields.z
  })

  it('admit every declaration where any will do', () => {
    const layouts: AnyLayout[] = [u8, Point, Everything, utf8(3), array(Point, 2), AssettoCorsaPhysics]
    expectTypeOf(layouts).toBeArray()
    const lengthOf = <F extends Record<string, AnyLayout>, V extends string>(layout: StructLayout<F, V>) =>
      layout.length
    lengthOf(Everything)
  })

  it('leave the version words out of what a writer has to give', () => {
    expectTypeOf(readSnapshot<typeof pointFields, 'seq'>).returns.toEqualTypeOf<
      { seq: number; x: number } | undefined
    >()
    const Versioned = struct('Versioned', pointFields, { consistency: { sequence: 'seq' } })
    const buffer = new ArrayBuffer(Versioned.length)
    writeSnapshot(Versioned, buffer, 0, { x: 1 })
    // @ts-expect-error x is not optional
    void (() => writeSnapshot(Versioned, buffer, 0, {}))
    // @ts-expect-error there is no such version word
    void (() => struct('Versioned', pointFields, { consistency: { sequence: 'sequence' } }))
  })

  it('give the value and the view of a message', () => {
    const Event = union({ point: Point, note: payload.utf8, state: messagepack<{ on: boolean }>() })
    expectTypeOf<MessageOf<typeof Point>>().toEqualTypeOf<{ x: number; y: number }>()
    expectTypeOf<MessageView<typeof u64>>().toEqualTypeOf<{ value: bigint }>()
    expectTypeOf<MessageView<typeof payload.bytes>>().toEqualTypeOf<Uint8Array>()
    expectTypeOf<MessageOf<typeof Event>>().toEqualTypeOf<
      | { kind: 'point'; value: { x: number; y: number } }
      | { kind: 'note'; value: string }
      | { kind: 'state'; value: { on: boolean } }
    >()
    expectTypeOf<Extract<MessageView<typeof Event>, { kind: 'note' }>>().toEqualTypeOf<{
      readonly kind: 'note'
      readonly value: string
    }>()
    expectTypeOf(codecOf(payload.json<string[]>())).toEqualTypeOf<Codec<string[]>>()
    expectTypeOf(codecOf(Everything).decode).returns.toEqualTypeOf<Infer<typeof Everything>>()
    const schemas: Schema[] = [Point, u8, payload.bytes, Event, array(Point, 2)]
    void schemas
    // @ts-expect-error there is no such kind
    void (() => Event.measure({ kind: 'other', value: 1 }))
    // @ts-expect-error a note is text
    void (() => Event.measure({ kind: 'note', value: 1 }))
  })

  it('tell that there may be no snapshot', () => {
    expectTypeOf(readHwinfo).returns.extract<undefined>().toEqualTypeOf<undefined>()
  })
})

const pointFields = { seq: u32, x: f64 }
