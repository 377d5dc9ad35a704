import { describe, expect, it } from 'vitest'
import {
  array,
  at,
  bool,
  bytes,
  enumeration,
  f32,
  f64,
  i16,
  struct,
  u8,
  u16,
  u32,
  u64,
  utf8,
  utf16le,
} from '../src/index.js'
import { codecOf } from '../src/internal.js'

const Quote = struct('Quote', { symbol: utf8(8), bid: f64, ask: f64, seq: u32 })
const quote = { symbol: 'ACME', bid: 10.5, ask: 10.6, seq: 1 }

const Wheel = struct('Wheel', { flat: bool, pressure: f32 })
const Car = struct('Car', {
  id: u8,
  wheels: array(Wheel, 4),
  engine: struct('Engine', { rpm: u16, temperatures: array(i16, 3) }),
})
const wheel = { flat: false, pressure: 2.5 }
const car = { id: 7, wheels: [wheel, wheel, wheel, wheel], engine: { rpm: 900, temperatures: [90, -10, 0] } }

describe('the offsets of fields', () => {
  it('are those of a C compiler: aligned, with padding at the end of the struct', () => {
    expect(Quote.fields.symbol.offset).toBe(0)
    expect(Quote.fields.bid.offset).toBe(8)
    expect(Quote.fields.ask.offset).toBe(16)
    expect(Quote.fields.seq.offset).toBe(24)
    expect(Quote.length).toBe(32)
    expect(Quote.alignment).toBe(8)
    const Mixed = struct('Mixed', { a: u8, b: u64, c: utf16le(3), d: Wheel })
    expect([Mixed.fields.b.offset, Mixed.fields.c.offset, Mixed.fields.d.offset, Mixed.length]).toEqual([8, 16, 24, 32])
    expect(Car.fields.wheels.offset).toBe(4)
    expect(Car.fields.engine.offset).toBe(36)
    expect(Car.length).toBe(44)
  })

  it('leave no gaps in a packed struct', () => {
    const Packed = struct('Packed', { a: u8, b: f64, c: u16 }, { packed: true })
    expect([Packed.fields.b.offset, Packed.fields.c.offset, Packed.length, Packed.alignment]).toEqual([1, 9, 11, 1])
  })

  it('can be given, and the fields after them follow', () => {
    const Foreign = struct('Foreign', { a: at(3, f64), b: u8, c: u32 }, { length: 64 })
    expect([Foreign.fields.a.offset, Foreign.fields.b.offset, Foreign.fields.c.offset]).toEqual([3, 11, 12])
    expect(Foreign.length).toBe(64)
    const view = Foreign.view(new ArrayBuffer(64))
    view.a = 1.25
    expect(view.a).toBe(1.25)
    expect(struct('Odd', { a: u32 }, { length: 7 }).alignment).toBe(1)
  })

  it('may not overlap, unless the options admit it', () => {
    const fields = { whole: u32, low: at(0, u16), high: at(2, u16) }
    expect(() => struct('Union', fields)).toThrow(
      new RangeError(
        'struct Union: low at offset 0 overlaps whole, which ends at 4; pass { overlap: true } if that is meant',
      ),
    )
    const Union = struct('Union', fields, { overlap: true })
    expect(Union.length).toBe(4)
    const view = Union.view(new ArrayBuffer(4))
    view.whole = 0x12345678
    expect([view.low, view.high]).toEqual([0x5678, 0x1234])
  })

  it('must be inside the length that is given', () => {
    expect(() => struct('Short', { a: u32, b: u32 }, { length: 7 })).toThrow(
      new RangeError('struct Short: its fields end at 8, beyond its length 7'),
    )
    expect(() => struct('Short', { a: u32 }, { length: 0 })).toThrow(RangeError)
    for (const offset of [-1, 0.5, Number.NaN]) expect(() => at(offset, u8)).toThrow(RangeError)
  })
})

describe('the options of a struct', () => {
  it('are refused if they are unknown, and named', () => {
    expect(() => struct('Odd', { a: u8 }, { pakced: true } as object)).toThrow(
      new TypeError('struct Odd.pakced: unknown option; did you mean packed?'),
    )
  })
})

describe('names of fields', () => {
  it('may be any that an object keeps, even those that every object has', () => {
    const Odd = struct('Odd', { constructor: u8, toString: u8, hasOwnProperty: u8, length: u8, 'with space': u8 })
    const view = Odd.view(new ArrayBuffer(Odd.length))
    view.constructor = 1
    view.toString = 2
    view['with space'] = 3
    expect(Odd.copy(view)).toEqual({ constructor: 1, toString: 2, hasOwnProperty: 0, length: 0, 'with space': 3 })
  })

  it('may not be numbers (objects sort them), empty, or __proto__', () => {
    for (const field of ['0', '12', '', '__proto__', '\0place']) {
      expect(() => struct('Bad', Object.fromEntries([[field, u8]]))).toThrow(TypeError)
    }
    expect(() => struct('Empty', {})).toThrow(new TypeError('struct Empty has no fields'))
  })

  it('must be layouts', () => {
    for (const field of [5, undefined, null, {}, 'u8']) {
      expect(() => struct('Bad', { field } as never)).toThrow(/^struct Bad: field field is no layout, but /)
    }
  })
})

describe('plain values', () => {
  it('come back as they were written, nested ones too', () => {
    const view = new DataView(new ArrayBuffer(64))
    Quote.write(view, 3, quote)
    expect(Quote.read(view, 3)).toEqual(quote)
    Car.write(view, 1, car)
    expect(Car.read(view, 1)).toEqual(car)
  })

  it('leave padding, and all bytes behind them, unchanged', () => {
    const buffer = new Uint8Array(40).fill(0xee)
    Quote.write(new DataView(buffer.buffer), 0, quote)
    expect([...buffer.subarray(28)]).toEqual(Array(12).fill(0xee))
  })

  it('are refused with the path of the part that does not fit, and nothing is written', () => {
    const view = new DataView(new ArrayBuffer(64))
    const refused: [() => void, Error][] = [
      [
        () => Quote.write(view, 0, { ...quote, seq: 4294967296 }),
        new RangeError('Quote.seq: 4294967296 is not a u32 (0 to 4294967295)'),
      ],
      [
        () => Quote.write(view, 0, { ...quote, bid: '1' as never }),
        new TypeError('Quote.bid: expected a number (f64), got the string "1"'),
      ],
      [
        () => Quote.write(view, 0, { symbol: 'ACME' } as never),
        new TypeError('Quote.bid: expected a number (f64), got undefined'),
      ],
      [
        () => Car.write(view, 0, { ...car, wheels: [wheel, wheel, { flat: false, pressure: null as never }, wheel] }),
        new TypeError('Car.wheels[2].pressure: expected a number (f32), got null'),
      ],
      [
        () => Car.write(view, 0, { ...car, wheels: [wheel] }),
        new RangeError('Car.wheels: 1 elements given where there are 4'),
      ],
      [
        () => Car.write(view, 0, { ...car, engine: { rpm: 1, temperatures: [0, 0, 40000] } }),
        new RangeError('Car.engine.temperatures[2]: 40000 is not an i16 (-32768 to 32767)'),
      ],
      [() => Car.write(view, 0, 5 as never), new TypeError('Car: expected an object, got the number 5')],
    ]
    for (const [write, error] of refused) expect(write).toThrow(error)
    expect(new Uint8Array(view.buffer).every((byte) => byte === 0)).toBe(true)
  })

  it('are refused before anything is written if they would end outside', () => {
    const view = new DataView(new ArrayBuffer(40), 0, 31)
    expect(() => Quote.write(view, 0, quote)).toThrow(
      new RangeError('Quote: 32 bytes at offset 0 are not inside a buffer of 31 bytes'),
    )
    expect(new Uint8Array(view.buffer).every((byte) => byte === 0)).toBe(true)
  })

  it('are checked before their place is, as those of other layouts', () => {
    const view = new DataView(new ArrayBuffer(2))
    expect(() => Quote.write(view, 0, { ...quote, seq: -1 })).toThrow('Quote.seq: -1 is not a u32')
    expect(() => array(u32, 2).write(view, 0, [-1, 0])).toThrow('[0]: -1 is not a u32')
    expect(() => u32.write(view, 0, -1)).toThrow('-1 is not a u32')
  })
})

describe('accessors', () => {
  it('read and write the memory itself', () => {
    const buffer = new ArrayBuffer(64)
    const view = Quote.view(buffer, 8)
    Quote.write(new DataView(buffer), 8, quote)
    expect([view.symbol, view.bid, view.ask, view.seq]).toEqual(['ACME', 10.5, 10.6, 1])
    view.bid = 9.25
    view.symbol = 'XYZ'
    expect(Quote.read(new DataView(buffer), 8)).toEqual({ ...quote, bid: 9.25, symbol: 'XYZ' })
  })

  it('have an own property for each field, and no other that shows', () => {
    for (const view of [Quote.view(new ArrayBuffer(32)), Quote.readonlyView(new ArrayBuffer(32))]) {
      expect(Object.keys(view)).toEqual(['symbol', 'bid', 'ask', 'seq'])
      const listed: string[] = []
      for (const name in view) listed.push(name)
      expect(listed).toEqual(['symbol', 'bid', 'ask', 'seq'])
    }
  })

  it('refuse values with the same paths as plain values', () => {
    const view = Car.view(new ArrayBuffer(64), 4)
    expect(() => {
      view.id = 256
    }).toThrow(new RangeError('Car.id: 256 is not a u8 (0 to 255)'))
    expect(() => {
      view.wheels.get(2).pressure = 'low' as never
    }).toThrow(new TypeError('Car.wheels[2].pressure: expected a number (f32), got the string "low"'))
    expect(() => view.wheels.set(1, { flat: 0 as never, pressure: 1 })).toThrow(
      new TypeError('Car.wheels[1].flat: expected a boolean (true or false), got the number 0'),
    )
    expect(() => view.engine.temperatures.set(0, 1.5)).toThrow('Car.engine.temperatures[0]: 1.5 is not an i16')
    expect(() => view.engine.temperatures.assign([1, 2])).toThrow('Car.engine.temperatures: 2 elements given')
    expect(() => view.wheels.get(4)).toThrow(new RangeError('Car.wheels[4]: there are 4 elements, 0 to 3'))
    for (const index of [-1, 0.5, Number.NaN]) expect(() => view.engine.temperatures.get(index)).toThrow(RangeError)
  })

  it('check their bounds when they are made', () => {
    const buffer = new ArrayBuffer(40)
    expect(() => Quote.view(buffer, 9)).toThrow(
      new RangeError('Quote: 32 bytes at offset 9 are not inside a buffer of 40 bytes'),
    )
    for (const offset of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => Quote.view(buffer, offset)).toThrow(RangeError)
    }
    expect(() => array(u8, 41).view(buffer)).toThrow(RangeError)
    expect(() => bytes(41).view(buffer)).toThrow(RangeError)
  })

  it('move over a buffer together with their nested accessors', () => {
    const buffer = new ArrayBuffer(3 * Car.length)
    const data = new DataView(buffer)
    for (let index = 0; index < 3; index++) Car.write(data, index * Car.length, { ...car, id: index })
    const view = Car.view(buffer)
    const wheels = view.wheels
    const second = wheels.get(1)
    Car.moveTo(view, 2 * Car.length)
    expect(view.id).toBe(2)
    second.pressure = 9
    wheels.set(0, { flat: true, pressure: 1 })
    expect(Car.read(data, 2 * Car.length).wheels.slice(0, 2)).toEqual([
      { flat: true, pressure: 1 },
      { flat: false, pressure: 9 },
    ])
    expect(() => Car.moveTo(view, 2 * Car.length + 1)).toThrow(RangeError)
    expect(() => Wheel.moveTo(second, 0)).toThrow(
      new TypeError('Car.wheels[1] is nested in another accessor: move that one'),
    )
    expect(() => Quote.moveTo(view as never, 0)).toThrow(TypeError)
    expect(view.id).toBe(2)
  })

  it('give the same nested accessor each time, and another for each element', () => {
    const view = Car.view(new ArrayBuffer(64))
    expect(view.engine).toBe(view.engine)
    expect(view.wheels.get(3)).toBe(view.wheels.get(3))
    expect(view.wheels.get(3)).not.toBe(view.wheels.get(2))
  })

  it('take plain values, and accessors of the same struct', () => {
    const buffer = new ArrayBuffer(2 * Car.length)
    const [one, two] = [Car.view(buffer), Car.view(buffer, Car.length)]
    const Engine = Car.fields.engine.layout
    Engine.assign(one.engine, { rpm: 1000, temperatures: [1, 2, 3] })
    expect(one.engine.temperatures.toArray()).toEqual([1, 2, 3])
    one.engine.temperatures.assign([4, 5, 6])
    expect([...one.engine.temperatures]).toEqual([4, 5, 6])
    expect(one.engine.temperatures.length).toBe(3)
    expect([...one.wheels].map((each) => each.pressure)).toEqual([0, 0, 0, 0])
    Car.assign(two, one as never)
    expect(Car.copy(two)).toEqual(Car.copy(one))
    expect(Engine.copy(two.engine)).toEqual({ rpm: 1000, temperatures: [4, 5, 6] })
    expect(() => Engine.assign(one.engine, { rpm: 1, temperatures: [1, 2, 1e9] })).toThrow(
      new RangeError('Car.engine.temperatures[2]: 1000000000 is not an i16 (-32768 to 32767)'),
    )
    expect(one.engine.rpm).toBe(1000)
    expect(() => Engine.assign(one as never, { rpm: 1, temperatures: [1, 2, 3] })).toThrow(TypeError)
  })

  it('do not let a nested accessor be replaced', () => {
    const view = Car.view(new ArrayBuffer(Car.length)) as { engine: unknown }
    expect(() => {
      view.engine = { rpm: 1, temperatures: [1, 2, 3] }
    }).toThrow(TypeError)
  })

  it('show bytes in place, and copy assigned bytes', () => {
    const Frame = struct('Frame', { size: u32, pixels: bytes(4) })
    const buffer = new ArrayBuffer(16)
    const view = Frame.view(buffer, 8)
    view.pixels[1] = 5
    expect(new Uint8Array(buffer)[13]).toBe(5)
    view.pixels = Uint8Array.of(1, 2, 3, 4)
    expect([...Frame.copy(view).pixels]).toEqual([1, 2, 3, 4])
    const copy = Frame.read(new DataView(buffer), 8).pixels
    view.pixels[0] = 9
    expect(copy[0]).toBe(1)
    expect(() => {
      view.pixels = new Uint8Array(5)
    }).toThrow(new RangeError('Frame.pixels: 5 bytes given where there are 4'))
    expect(() => bytes(4).read(new DataView(buffer, 0, 6), 3)).toThrow(RangeError)
  })

  it('copy assigned bytes to the place that they have moved to', () => {
    const Pixel = struct('Pixel', { rgb: bytes(3) })
    const Frame = struct('Frame', { size: u32, first: Pixel, raw: bytes(3) })
    const buffer = new ArrayBuffer(40)
    const view = codecOf(Frame).view(new DataView(buffer, 16)).at(0, Frame.length)
    view.raw = Uint8Array.of(1, 2, 3)
    Frame.moveTo(view, 12)
    view.raw = Uint8Array.of(4, 5, 6)
    view.first.rgb = Uint8Array.of(7, 8, 9)
    expect([...new Uint8Array(buffer, 16)]).toEqual([
      0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 7, 8, 9, 4, 5, 6, 0, 0,
    ])
    expect(() => {
      view.first.rgb = 'red' as unknown as Uint8Array
    }).toThrow(new TypeError('Frame.first.rgb: expected a Uint8Array of 3 bytes, got the string "red"'))
    structuredClone(buffer, { transfer: [buffer] })
    expect(() => {
      view.raw = Uint8Array.of(1, 2, 3)
    }).toThrow(TypeError)
  })

  it('throw a TypeError after their buffer was detached', () => {
    const buffer = new ArrayBuffer(64)
    const view = Car.view(buffer)
    const temperatures = view.engine.temperatures
    structuredClone(buffer, { transfer: [buffer] })
    expect(() => view.id).toThrow(TypeError)
    expect(() => temperatures.get(0)).toThrow(TypeError)
    expect(() => {
      view.id = 1
    }).toThrow(TypeError)
    expect(() => Car.moveTo(view, 0)).toThrow(TypeError)
    expect(() => Car.copy(view)).toThrow(TypeError)
  })
})

describe('the descriptor', () => {
  it('describes the whole struct in plain JSON', () => {
    const State = enumeration(u8, { off: 0, on: 1 })
    const All = struct('All', { state: State, name: utf8(4, { terminator: 'optional' }), list: array(u16, 2) })
    const number = (kind: string, length: number) => ({ kind, length, alignment: length })
    expect(JSON.parse(JSON.stringify(All.descriptor))).toEqual({
      kind: 'struct',
      name: 'All',
      length: 10,
      alignment: 2,
      fields: [
        {
          name: 'state',
          offset: 0,
          layout: { kind: 'enumeration', base: number('u8', 1), names: { off: 0, on: 1 }, length: 1, alignment: 1 },
        },
        {
          name: 'name',
          offset: 1,
          layout: { kind: 'text', encoding: 'utf8', terminator: 'optional', length: 4, alignment: 1 },
        },
        {
          name: 'list',
          offset: 6,
          layout: { kind: 'array', element: number('u16', 2), count: 2, length: 4, alignment: 2 },
        },
      ],
    })
    const Versioned = struct('Versioned', { seq: u32 }, { consistency: { sequence: 'seq' } })
    expect(Versioned.descriptor).toEqual({
      kind: 'struct',
      name: 'Versioned',
      length: 4,
      alignment: 4,
      fields: [{ name: 'seq', offset: 0, layout: number('u32', 4) }],
      consistency: { sequence: 'seq' },
    })
  })

  it('comes with errors that name the field, for values of every wrong type', () => {
    const Quote = struct('Quote', { seq: u32, bid: f64 })
    const view = new DataView(new ArrayBuffer(Quote.length))
    for (const wrong of [5n, Symbol('s'), Object.create(null), '5', null, undefined]) {
      for (const field of ['seq', 'bid']) {
        const value = { seq: 1, bid: 1, [field]: wrong }
        expect(() => Quote.write(view, 0, value as never)).toThrow(new RegExp(`Quote\\.${field}: expected a number`))
      }
    }
  })

  it('refuses two version words that are the same field', () => {
    expect(() => struct('X', { n: u32 }, { consistency: { begin: 'n', end: 'n' } })).toThrow(TypeError)
    const both = { a: at(0, u32), b: at(0, u32) }
    expect(() => struct('X', both, { overlap: true, consistency: { begin: 'a', end: 'b' } })).toThrow(TypeError)
  })
})
