import { describe, expect, it } from 'vitest'
import { array, at, bool, enumeration, f32, f64, i8, i16, i32, i64, struct, u8, u16, u32, u64 } from '../src/index.js'

const KINDS = [
  [i8, Int8Array],
  [u8, Uint8Array],
  [i16, Int16Array],
  [u16, Uint16Array],
  [i32, Int32Array],
  [u32, Uint32Array],
  [f32, Float32Array],
  [f64, Float64Array],
  [i64, BigInt64Array],
  [u64, BigUint64Array],
] as const

describe('an array in bulk', () => {
  // Few elements go one by one, many as bytes; at an offset that is aligned, and at one that is not.
  for (const [element, Typed] of KINDS) {
    for (const count of [3, 300]) {
      it(`of ${count} ${element.descriptor.kind} is set from and copied to a ${Typed.name}`, () => {
        for (const offset of [8, 3]) {
          const buffer = new ArrayBuffer(count * element.length + 32)
          const layout = array(element as typeof f64, count)
          const view = layout.view(buffer, offset)
          const isBig = Typed === BigInt64Array || Typed === BigUint64Array
          const source = new Typed(count)
          for (let index = 0; index < count; index++) source[index] = isBig ? BigInt(index % 100) : index % 100
          view.set(source as unknown as Float64Array)
          expect(view.toArray()).toEqual([...source])
          expect(new Uint8Array(buffer).subarray(0, offset).every((byte) => byte === 0)).toBe(true)
          expect(new Uint8Array(buffer).subarray(offset + layout.length).every((byte) => byte === 0)).toBe(true)

          const target = new Typed(count + 2)
          layout.readonlyView(buffer, offset).copyTo(target as unknown as Float64Array, 1)
          expect([...target.subarray(1, count + 1)]).toEqual([...source])
          expect([Number(target[0]), Number(target[count + 1])]).toEqual([0, 0])
        }
      })
    }

    it(`of ${element.descriptor.kind} is a ${Typed.name} over the memory where it is aligned`, () => {
      const buffer = new ArrayBuffer(64)
      const layout = array(element as typeof f64, 4)
      const aligned = layout.view(buffer, 16)
      const typed = aligned.typedArray(Typed)
      expect(typed).toBeInstanceOf(Typed)
      expect([typed?.byteOffset, typed?.length]).toEqual([16, 4])
      aligned.set(1, (typeof typed?.[0] === 'bigint' ? 5n : 5) as number)
      expect(Number(typed?.[1])).toBe(5)
      expect(layout.view(buffer, 3).typedArray(Typed) === undefined).toBe(element.length > 1)
    })
  }

  it('takes part of its elements, from an index on', () => {
    const view = array(u32, 5).view(new ArrayBuffer(20))
    view.set([7, 8], 2)
    view.set(Uint32Array.of(9), 4)
    view.set([], 5)
    expect(view.toArray()).toEqual([0, 0, 7, 8, 9])
    view.set(array(u32, 2).view(new ArrayBuffer(8)) as never, 3)
    expect(view.toArray()).toEqual([0, 0, 7, 0, 0])
  })

  it('converts numbers of other typed arrays, and checks each', () => {
    const view = struct('Sample', { values: array(u8, 3) }).view(new ArrayBuffer(3)).values
    view.set(Float64Array.of(1, 2, 3))
    const target = new Float32Array(3)
    view.copyTo(target)
    expect([...target]).toEqual([1, 2, 3])
    const list: number[] = [0, 0, 0]
    view.copyTo(list)
    expect(list).toEqual([1, 2, 3])
    expect(() => view.set(Float64Array.of(4, 300))).toThrow(
      new RangeError('Sample.values[1]: 300 is not a u8 (0 to 255)'),
    )
    expect(() => view.set(Int8Array.of(-1), 2)).toThrow(new RangeError('Sample.values[2]: -1 is not a u8 (0 to 255)'))
    expect(view.toArray()).toEqual([1, 2, 3])
  })

  it('refuses what does not fit, with the numbers', () => {
    const view = struct('Sample', { values: array(u8, 3) }).view(new ArrayBuffer(3)).values
    expect(() => view.set([1, 2], 2)).toThrow(
      new RangeError('Sample.values: 2 values from index 2 on do not fit: there are 3 elements'),
    )
    for (const start of [-1, 0.5, Number.NaN, 4]) expect(() => view.set([], start)).toThrow(RangeError)
    expect(() => view.copyTo(new Uint8Array(4), 2)).toThrow(
      new RangeError('Sample.values: 3 elements do not fit into 4 from index 2 on'),
    )
    expect(() => view.set(null as never)).toThrow('Sample.values: expected an index, or an array of values, got null')
    expect(() => view.set(3, 0)).toThrow(new RangeError('Sample.values[3]: there are 3 elements, 0 to 2'))
    expect(() => view.typedArray(Int8Array)).toThrow(
      new TypeError('Sample.values: the typed array for u8 is Uint8Array'),
    )
  })

  it('has no typed array if its elements are no numbers, and goes element by element', () => {
    const State = enumeration(u8, { off: 0, on: 1 })
    for (const element of [bool, State, struct('Point', { x: f64 }), array(f64, 2)]) {
      const view = array(element as never, 2).view(new ArrayBuffer(64)) as { typedArray(type: unknown): unknown }
      expect(() => view.typedArray(Uint8Array)).toThrow(TypeError)
    }
    const view = array(State, 2).view(new ArrayBuffer(2))
    view.set(['on', 'off'])
    const names: (string | number)[] = ['', '']
    view.copyTo(names as never)
    expect(names).toEqual(['on', 'off'])
    const flags = array(bool, 2).view(new ArrayBuffer(2))
    expect(() => flags.set(Uint8Array.of(1, 0) as never)).toThrow('[0]: expected a boolean')
  })

  it('is written whole from a typed array, as a value, too', () => {
    const Sample = struct('Sample', { odd: u8, values: at(1, array(f64, 40)) })
    const data = new DataView(new ArrayBuffer(Sample.length))
    const values = Float64Array.from({ length: 40 }, (_, index) => index / 2)
    Sample.write(data, 0, { odd: 1, values: values as never })
    expect(Sample.read(data, 0).values).toEqual([...values])
    expect(() => Sample.write(data, 0, { odd: 1, values: values.subarray(1) as never })).toThrow(
      new RangeError('Sample.values: 39 elements given where there are 40'),
    )
  })
})
