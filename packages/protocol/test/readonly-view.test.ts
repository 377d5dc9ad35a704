import { describe, expect, it } from 'vitest'
import {
  type ArrayView,
  array,
  bool,
  bytes,
  enumeration,
  f64,
  payload,
  struct,
  u8,
  u32,
  u64,
  union,
  utf8,
} from '../src/index.js'
import { codecOf } from '../src/internal.js'

const Wheel = struct('Wheel', { flat: bool, pressure: f64 })
const Car = struct('Car', {
  id: u32,
  big: u64,
  name: utf8(8),
  raw: bytes(4),
  state: enumeration(u8, { off: 0, on: 1 }),
  engine: struct('Engine', { rpm: u32, hash: bytes(2) }),
  wheels: array(Wheel, 2),
  gears: array(f64, 3),
  keys: array(bytes(2), 2),
})
const car = {
  id: 7,
  big: 5n,
  name: 'one',
  raw: Uint8Array.of(1, 2, 3, 4),
  state: 'on' as const,
  engine: { rpm: 900, hash: Uint8Array.of(8, 9) },
  wheels: [
    { flat: false, pressure: 2.5 },
    { flat: true, pressure: 0 },
  ],
  gears: [1, 2, 3],
  keys: [Uint8Array.of(1, 2), Uint8Array.of(3, 4)],
}

/** Assigns as a script in sloppy mode does, where assigning to a property without setter is silent. */
const assignSloppily = new Function('target', 'name', 'value', 'target[name] = value')

function filled() {
  const buffer = new ArrayBuffer(Car.length + 8)
  Car.write(new DataView(buffer), 8, car)
  // biome-ignore lint/suspicious/noExplicitAny: JavaScript has no types that refuse to assign
  return { buffer, before: new Uint8Array(buffer).slice(), view: Car.readonlyView(buffer, 8) as any }
}

describe('a read-only view', () => {
  it('reads what a view reads', () => {
    const { view, buffer } = filled()
    expect([view.id, view.big, view.name, view.state, view.engine.rpm]).toEqual([7, 5n, 'one', 'on', 900])
    expect([...view.raw]).toEqual([1, 2, 3, 4])
    expect([...view.engine.hash]).toEqual([8, 9])
    expect(view.wheels.get(1).flat).toBe(true)
    expect([...view.gears]).toEqual([1, 2, 3])
    expect([...view.keys.get(1)]).toEqual([3, 4])
    expect(Car.copy(view as never)).toEqual(car)
    new DataView(buffer).setUint32(8, 99, true)
    expect(view.id).toBe(99)
  })

  it('refuses each assignment with a TypeError that has the path, in sloppy mode, too, and writes nothing', () => {
    const { view, buffer, before } = filled()
    const refused: [unknown, string, unknown, string][] = [
      [view, 'id', 1, 'Car.id'],
      [view, 'big', 1n, 'Car.big'],
      [view, 'name', 'x', 'Car.name'],
      [view, 'state', 'off', 'Car.state'],
      [view.engine, 'rpm', 1, 'Car.engine.rpm'],
      [view.wheels.get(1), 'pressure', 1, 'Car.wheels[1].pressure'],
    ]
    for (const [target, name, value, path] of refused) {
      const error = new TypeError(`${path}: this view is read-only`)
      expect(() => Reflect.set(target as object, name, value)).toThrow(error)
      expect(() => assignSloppily(target, name, value)).toThrow(error)
    }
    expect([...new Uint8Array(buffer)]).toEqual([...before])
  })

  it('refuses to have its nested accessors replaced', () => {
    const { view } = filled()
    for (const name of ['engine', 'wheels', 'gears', 'raw', 'keys']) {
      expect(() => {
        view[name] = car[name as keyof typeof car]
      }).toThrow(TypeError)
    }
  })

  it('refuses to write elements of arrays', () => {
    const { view, buffer, before } = filled()
    expect(() => view.gears.set(0, 5)).toThrow(new TypeError('Car.gears: this view is read-only'))
    expect(() => view.gears.set(Float64Array.of(1))).toThrow(new TypeError('Car.gears: this view is read-only'))
    expect(() => view.gears.assign([1, 1, 1])).toThrow(new TypeError('Car.gears: this view is read-only'))
    expect(() => view.wheels.set(0, car.wheels[1])).toThrow(new TypeError('Car.wheels: this view is read-only'))
    expect(view.gears.typedArray).toBe(undefined)
    expect([...new Uint8Array(buffer)]).toEqual([...before])
  })

  it('shows bytes without a way to write them', () => {
    const { view } = filled()
    const { raw } = view
    expect(raw).not.toBeInstanceOf(Uint8Array)
    expect([raw.length, raw.get(0), raw.get(3)]).toEqual([4, 1, 4])
    for (const index of [-1, 4, 0.5, Number.NaN]) {
      expect(() => raw.get(index)).toThrow(new RangeError(`Car.raw: there is no byte ${index}; the length is 4`))
    }
    const copy = raw.slice(1, 3)
    copy[0] = 77
    expect([...raw]).toEqual([1, 2, 3, 4])
    const target = new Uint8Array(6)
    raw.copyTo(target, 2)
    expect([...target]).toEqual([0, 0, 1, 2, 3, 4])
    expect(() => raw.copyTo(target, 3)).toThrow(
      new RangeError('Car.raw: 4 bytes do not fit into 6 bytes from index 3 on'),
    )
    expect([...raw.unsafeArray()]).toEqual([1, 2, 3, 4])
  })

  it('takes no other properties, and neither does a view', () => {
    const { view, buffer } = filled()
    for (const each of [view, Car.view(buffer), view.engine, view.gears, view.raw, u32.view(buffer)]) {
      expect(() => {
        each.misspelt = 1
      }).toThrow(TypeError)
      expect(() => {
        each[0] = 1
      }).toThrow(TypeError)
    }
  })

  it('is refused where a value is to be written through it', () => {
    const { view } = filled()
    expect(() => Car.assign(view as never, car)).toThrow(new TypeError('Car: this view cannot be assigned as a whole'))
  })

  it('moves, with all that is nested in it', () => {
    const buffer = new ArrayBuffer(2 * Car.length)
    const data = new DataView(buffer)
    Car.write(data, 0, car)
    Car.write(data, Car.length, { ...car, raw: Uint8Array.of(9, 9, 9, 9), gears: [7, 7, 7] })
    const view = Car.readonlyView(buffer)
    const { raw, gears } = view
    Car.moveTo(view, Car.length)
    expect([...raw]).toEqual([9, 9, 9, 9])
    expect([...gears]).toEqual([7, 7, 7])
  })

  it('is a value that can be written elsewhere', () => {
    const { view } = filled()
    const other = Car.view(new ArrayBuffer(Car.length))
    Car.assign(other, view as never)
    expect(Car.copy(other)).toEqual(car)
    other.raw = view.raw
    expect([...other.raw]).toEqual([1, 2, 3, 4])
  })

  it('exists for every layout', () => {
    const buffer = new ArrayBuffer(32)
    const views = [
      [u32.readonlyView(buffer), 'value', 1],
      [utf8(4).readonlyView(buffer), 'value', 'a'],
      [enumeration(u8, { off: 0 }).readonlyView(buffer), 'value', 'off'],
    ] as const
    for (const [view, name, value] of views) {
      expect(() => Reflect.set(view, name, value)).toThrow(new TypeError('this view is read-only'))
    }
    expect(() => (array(u8, 3).readonlyView(buffer) as unknown as ArrayView<number>).set(0, 1)).toThrow(
      new TypeError('this view is read-only'),
    )
    expect(bytes(3).readonlyView(buffer, 29).length).toBe(3)
    expect(() => bytes(3).readonlyView(buffer, 30)).toThrow(RangeError)
    expect(() => Car.readonlyView(buffer)).toThrow(RangeError)
    expect([...new Uint8Array(buffer)]).toEqual(Array(32).fill(0))
  })
})

describe('the view of a message for a reader', () => {
  const data = new DataView(new ArrayBuffer(512))

  it('is read-only for a layout', () => {
    Car.write(data, 16, car)
    const view = codecOf(Car).readonlyView(data).at(16, Car.length)
    expect(view.name).toBe('one')
    expect(() => Reflect.set(view, 'name', 'x')).toThrow(new TypeError('Car.name: this view is read-only'))
    const number = codecOf(f64).readonlyView(data).at(0, 8)
    expect(() => Reflect.set(number, 'value', 1)).toThrow(TypeError)
  })

  it('is read-only for a union, its kind and value included', () => {
    const Event = union({ wheel: Wheel, blob: payload.bytes, note: payload.utf8 })
    const codec = codecOf(Event)
    const view = codec.readonlyView(data)
    const at = (message: Parameters<typeof Event.measure>[0]) => {
      const length = codec.measure(message)
      codec.encode(data, 8, message)
      return view.at(8, length)
    }
    const wheel = at({ kind: 'wheel', value: { flat: true, pressure: 1 } })
    for (const name of ['kind', 'value']) {
      expect(() => Reflect.set(wheel, name, 'x')).toThrow(new TypeError('this view is read-only'))
      expect(() => assignSloppily(wheel, name, 'x')).toThrow(TypeError)
    }
    expect(() => Reflect.set(wheel.value as object, 'pressure', 2)).toThrow(TypeError)
    const blob = at({ kind: 'blob', value: Uint8Array.of(1, 2) })
    expect(blob.kind === 'blob' && [...blob.value]).toEqual([1, 2])
    expect(blob).toBe(wheel)
    expect(at({ kind: 'note', value: 'hi' }).value).toBe('hi')
  })

  it('is one object that moves for bytes of any length', () => {
    const view = codecOf(payload.bytes).readonlyView(data)
    const encode = (offset: number, value: Uint8Array) => {
      payload.bytes.measure(value)
      payload.bytes.encode(data, offset, value)
    }
    encode(0, Uint8Array.of(1, 2, 3))
    encode(8, Uint8Array.of(4))
    const first = view.at(0, 3)
    expect([...first]).toEqual([1, 2, 3])
    expect(view.at(8, 1)).toBe(first)
    expect([...first]).toEqual([4])
    expect([...view.at(8, 0)]).toEqual([])
    expect(() => first.get(0)).toThrow(new RangeError('there is no byte 0; the length is 0'))
  })

  it('moves the elements of an array of structs from message to message', () => {
    const Wheels = array(Wheel, 2)
    for (const kind of ['view', 'readonlyView'] as const) {
      const view = codecOf(Wheels)[kind](data)
      Wheels.write(data, 0, [car.wheels[0], car.wheels[1]] as never)
      Wheels.write(data, 64, [car.wheels[1], car.wheels[0]] as never)
      const element = view.at(0, Wheels.length).get(1)
      expect(element.flat).toBe(true)
      expect(view.at(64, Wheels.length).get(1)).toBe(element)
      expect(element.flat).toBe(false)
    }
  })
})
