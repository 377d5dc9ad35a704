import { describe, expectTypeOf, it } from 'vitest'
import { messagepack } from '../src/codec/messagepack.js'
import {
  type AnyLayout,
  type AnyStructLayout,
  type ArrayView,
  array,
  at,
  type BytesView,
  bool,
  bytes,
  type Codec,
  type Consistency,
  enumeration,
  f64,
  type Infer,
  type MessageOf,
  type MessageView,
  payload,
  type ReadonlyArrayView,
  type ReadonlyBytesView,
  type ReadonlyMessageView,
  readSnapshot,
  type Schema,
  type StructLayout,
  struct,
  u8,
  u32,
  u64,
  union,
  updateSnapshot,
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
    expectTypeOf(Everything.view).returns.toEqualTypeOf<{
      seq: number
      flag: boolean
      big: bigint
      name: string
      raw: Uint8Array
      state: 'off' | 'on' | number
      readonly point: { x: number; y: number }
      readonly points: ArrayView<{ x: number; y: number }>
      readonly numbers: ArrayView<number>
    }>()
    const view = Everything.view(new ArrayBuffer(Everything.length))
    expectTypeOf(view.points.get(0)).toEqualTypeOf<{ x: number; y: number }>()
    // @ts-expect-error a nested accessor cannot be assigned
    void (() => (view.point = { x: 1, y: 2 }))
    expectTypeOf<ReturnType<typeof u32.view>>().toEqualTypeOf<{ value: number }>()
    expectTypeOf(array(Point, 2).view).returns.toEqualTypeOf<ArrayView<{ x: number; y: number }>>()
    expectTypeOf(bytes(4).view).returns.toEqualTypeOf<Uint8Array>()
  })

  it('give the read-only accessor of a declaration, however deep', () => {
    expectTypeOf(Everything.readonlyView).returns.toEqualTypeOf<{
      readonly seq: number
      readonly flag: boolean
      readonly big: bigint
      readonly name: string
      readonly raw: ReadonlyBytesView
      readonly state: 'off' | 'on' | number
      readonly point: { readonly x: number; readonly y: number }
      readonly points: ReadonlyArrayView<{ x: number; y: number }>
      readonly numbers: ReadonlyArrayView<number>
    }>()
    const view = Everything.readonlyView(new ArrayBuffer(Everything.length))
    expectTypeOf(view.points.get(0)).toEqualTypeOf<{ readonly x: number; readonly y: number }>()
    void (() => {
      // @ts-expect-error a field cannot be assigned
      view.seq = 1
      // @ts-expect-error nor one of a nested struct
      view.point.x = 1
      // @ts-expect-error nor one of an element
      view.points.get(0).x = 1
      // @ts-expect-error an array has no set
      view.numbers.set(0, 1)
      // @ts-expect-error bytes cannot be assigned
      view.raw[0] = 1
    })
    expectTypeOf<ReturnType<typeof u32.readonlyView>>().toEqualTypeOf<{ readonly value: number }>()
    expectTypeOf(bytes(4).readonlyView).returns.toEqualTypeOf<ReadonlyBytesView>()
  })

  it('give arrays in bulk, and refuse arrays of other elements', () => {
    const { numbers } = Everything.view(new ArrayBuffer(Everything.length))
    numbers.set(Uint8Array.of(1, 2, 3))
    numbers.set([1], 2)
    numbers.copyTo(new Uint8Array(3))
    expectTypeOf(numbers.typedArray(Uint8Array)).toEqualTypeOf<Uint8Array | undefined>()
    // @ts-expect-error the elements are numbers
    void (() => numbers.set([1n]))
    // @ts-expect-error the elements are numbers
    void (() => numbers.copyTo(new BigInt64Array(3)))
  })

  it('know the fields and their layouts', () => {
    expectTypeOf<typeof Everything.fields.big.layout>().toEqualTypeOf<typeof u64>()
    expectTypeOf<typeof Point.fields.y.layout>().toEqualTypeOf<typeof f64>()
    // @ts-expect-error there is no such field
    void Point.fields.z
  })

  it('allow every layout where the type is any layout', () => {
    const layouts: AnyLayout[] = [u8, Point, Everything, utf8(3), array(Point, 2), AssettoCorsaPhysics]
    expectTypeOf(layouts).toBeArray()
    const lengthOf = <T, V extends string>(layout: StructLayout<T, V>) => layout.length
    lengthOf(Everything)
    const structs: AnyStructLayout[] = [Point, Everything, AssettoCorsaPhysics]
    expectTypeOf(structs).toBeArray()
  })

  it('leave the version words out of the value that a writer must pass', () => {
    const Versioned = struct('Versioned', pointFields, { consistency: { sequence: 'seq' } })
    const buffer = new ArrayBuffer(Versioned.length)
    writeSnapshot(Versioned, buffer, 0, { x: 1 })
    expectTypeOf(readSnapshot(Versioned, buffer)).toEqualTypeOf<{ seq: number; x: number } | undefined>()
    updateSnapshot(Versioned, buffer, 0, (view) => {
      expectTypeOf(view).toEqualTypeOf<{ readonly seq: number; x: number }>()
      view.x = 2
      // @ts-expect-error a version word cannot be assigned in an update
      void (() => (view.seq = 2))
    })
    expectTypeOf(Versioned.consistency).toEqualTypeOf<Consistency<'seq'>>()
    expectTypeOf(Point.consistency).toEqualTypeOf<undefined>()
    // @ts-expect-error x is not optional
    void (() => writeSnapshot(Versioned, buffer, 0, {}))
    // @ts-expect-error there is no such version word
    void (() => struct('Versioned', pointFields, { consistency: { sequence: 'sequence' } }))
  })

  it('give the value and the view of a message', () => {
    const Event = union({ point: Point, note: payload.utf8, state: messagepack<{ on: boolean }>() })
    expectTypeOf<MessageOf<typeof Point>>().toEqualTypeOf<{ x: number; y: number }>()
    expectTypeOf<MessageView<typeof u64>>().toEqualTypeOf<{ value: bigint }>()
    expectTypeOf<MessageView<typeof payload.bytes>>().toEqualTypeOf<BytesView>()
    expectTypeOf<MessageOf<typeof Event>>().toEqualTypeOf<
      | { kind: 'point'; value: { x: number; y: number } }
      | { kind: 'note'; value: string }
      | { kind: 'state'; value: { on: boolean } }
    >()
    expectTypeOf<Extract<MessageView<typeof Event>, { kind: 'note' }>>().toEqualTypeOf<{
      readonly kind: 'note'
      readonly value: string
    }>()
    expectTypeOf<ReadonlyMessageView<typeof payload.bytes>>().toEqualTypeOf<ReadonlyBytesView>()
    expectTypeOf<Extract<ReadonlyMessageView<typeof Event>, { kind: 'point' }>>().toEqualTypeOf<{
      readonly kind: 'point'
      readonly value: { readonly x: number; readonly y: number }
    }>()
    expectTypeOf(codecOf(payload.json<string[]>())).toExtend<Codec<string[]>>()
    expectTypeOf(codecOf(Everything).decode).returns.toEqualTypeOf<Infer<typeof Everything>>()
    const schemas: Schema[] = [Point, u8, payload.bytes, Event, array(Point, 2)]
    void schemas
    // @ts-expect-error there is no such kind
    void (() => Event.measure({ kind: 'other', value: 1 }))
    // @ts-expect-error a note is text
    void (() => Event.measure({ kind: 'note', value: 1 }))
  })

  it('include undefined where there may be no snapshot', () => {
    expectTypeOf(readHwinfo).returns.extract<undefined>().toEqualTypeOf<undefined>()
  })
})

const pointFields = { seq: u32, x: f64 }
