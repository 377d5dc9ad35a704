import { describe, expect, it } from 'vitest'
import { bool, bool32, enumeration, f32, f64, i8, i16, i32, i64, type Layout, u8, u16, u32, u64 } from '../src/index.js'

const view = new DataView(new ArrayBuffer(16))

describe('numbers', () => {
  const integers: [string, Layout<number>, number, number, number][] = [
    ['i8', i8, 1, -128, 127],
    ['u8', u8, 1, 0, 255],
    ['i16', i16, 2, -32768, 32767],
    ['u16', u16, 2, 0, 65535],
    ['i32', i32, 4, -2147483648, 2147483647],
    ['u32', u32, 4, 0, 4294967295],
  ]
  for (const [kind, layout, length, min, max] of integers) {
    it(`reads and writes ${kind} over its whole range, and refuses numbers outside`, () => {
      expect(layout.length).toBe(length)
      expect(layout.alignment).toBe(length)
      expect(layout.descriptor).toEqual({ kind, length, alignment: length })
      for (const value of [min, 0, 1, max]) {
        layout.write(view, 3, value)
        expect(layout.read(view, 3)).toBe(value)
      }
      const article = kind.startsWith('u') ? 'a' : 'an'
      for (const value of [min - 1, max + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(() => layout.write(view, 3, value)).toThrow(
          new RangeError(`${value} is not ${article} ${kind} (${min} to ${max})`),
        )
      }
      for (const value of ['1', 1n, null, undefined, true, {}]) {
        expect(() => layout.write(view, 3, value as never)).toThrow(TypeError)
      }
      expect(layout.read(view, 3)).toBe(max)
    })
  }

  const bigIntegers: [string, Layout<bigint>, bigint, bigint][] = [
    ['i64', i64, -(2n ** 63n), 2n ** 63n - 1n],
    ['u64', u64, 0n, 2n ** 64n - 1n],
  ]
  for (const [kind, layout, min, max] of bigIntegers) {
    it(`reads and writes ${kind} as a bigint, and refuses numbers outside its range`, () => {
      for (const value of [min, 0n, 1n, max]) {
        layout.write(view, 5, value)
        expect(layout.read(view, 5)).toBe(value)
      }
      expect(() => layout.write(view, 5, min - 1n)).toThrow(RangeError)
      expect(() => layout.write(view, 5, max + 1n)).toThrow(`${max + 1n}n is not`)
      expect(() => layout.write(view, 5, 5 as never)).toThrow(
        new TypeError(`expected a bigint (${kind}), got the number 5`),
      )
      expect(layout.read(view, 5)).toBe(max)
    })
  }

  it('keeps every f64, and rounds an f32', () => {
    for (const value of [0, -0, 1.1, Number.MAX_VALUE, Number.NaN, Number.NEGATIVE_INFINITY]) {
      f64.write(view, 1, value)
      expect(f64.read(view, 1)).toBe(value)
      if (value === Number.MAX_VALUE) continue
      f32.write(view, 1, value)
      expect(f32.read(view, 1)).toBe(Math.fround(value))
    }
  })

  it('refuses a finite number that is too large for f32', () => {
    const overflow = 3.4028235677973366e38
    expect([Math.fround(overflow), Math.fround(overflow - 2 ** 75)]).toEqual([
      Number.POSITIVE_INFINITY,
      3.4028234663852886e38,
    ])
    for (const value of [1e39, overflow, -overflow]) expect(() => f32.write(view, 0, value)).toThrow(RangeError)
    for (const value of [overflow - 2 ** 75, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      f32.write(view, 0, value)
      expect(f32.read(view, 0)).toBe(Math.fround(value))
    }
    expect(() => f32.write(view, 0, '1' as never)).toThrow(TypeError)
    expect(() => f64.write(view, 0, 1n as never)).toThrow(TypeError)
  })

  it('writes little-endian', () => {
    u32.write(view, 0, 0x04030201)
    expect([...new Uint8Array(view.buffer, 0, 4)]).toEqual([1, 2, 3, 4])
  })

  it('shows one value of a buffer through an accessor', () => {
    const buffer = new ArrayBuffer(8)
    const ticks = u32.view(buffer, 4)
    ticks.value = 7
    expect(ticks.value).toBe(7)
    expect(u32.read(new DataView(buffer), 4)).toBe(7)
    expect(() => {
      ticks.value = -1
    }).toThrow(new RangeError('-1 is not a u32 (0 to 4294967295)'))
    expect(() => u32.view(buffer, 5)).toThrow(new RangeError('4 bytes at offset 5 are not inside a buffer of 8 bytes'))
    for (const offset of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => u32.view(buffer, offset)).toThrow(RangeError)
  })
})

describe('booleans', () => {
  it('reads anything but zero as true, and writes 1', () => {
    for (const [layout, length] of [
      [bool, 1],
      [bool32, 4],
    ] as const) {
      expect(layout.length).toBe(length)
      new Uint8Array(view.buffer).fill(0xff)
      expect(layout.read(view, 3)).toBe(true)
      layout.write(view, 3, true)
      expect(view.getUint8(3)).toBe(1)
      layout.write(view, 3, false)
      expect(layout.read(view, 3)).toBe(false)
      expect(() => layout.write(view, 3, 1 as never)).toThrow(TypeError)
    }
  })
})

describe('enumerations', () => {
  const Gear = enumeration(u8, { reverse: 0, neutral: 1, first: 2, park: 1 })

  it('shows names instead of numbers, the first name if two share a number', () => {
    Gear.write(view, 0, 'first')
    expect(view.getUint8(0)).toBe(2)
    expect(Gear.read(view, 0)).toBe('first')
    Gear.write(view, 0, 'park')
    expect(Gear.read(view, 0)).toBe('neutral')
    Gear.write(view, 0, 0)
    expect(Gear.read(view, 0)).toBe('reverse')
  })

  it('reads an unknown number as itself, and refuses to write one', () => {
    view.setUint8(0, 9)
    expect(Gear.read(view, 0)).toBe(9)
    expect(() => Gear.write(view, 0, 9)).toThrow(
      new RangeError('the number 9 is not one of reverse, neutral, first, park'),
    )
    expect(() => Gear.write(view, 0, 'fast' as never)).toThrow(RangeError)
    expect(() => Gear.write(view, 0, 'toString' as never)).toThrow(RangeError)
    expect(() => Gear.write(view, 0, undefined as never)).toThrow(TypeError)
  })

  it('refuses a number that its integer cannot hold, and no names', () => {
    expect(() => enumeration(u8, { big: 256 })).toThrow(new RangeError('big: 256 is not a u8 (0 to 255)'))
    expect(() => enumeration(u8, {})).toThrow(TypeError)
  })
})
