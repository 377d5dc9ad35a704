import { describe, expect, it } from 'vitest'
import { array, checkValue, f64, payload, struct, u32, union, writeSnapshot } from '../src/index.js'
import { codecOf } from '../src/internal.js'

const Engine = struct('Engine', { rpm: u32, temperature: f64 })
const Car = struct('Car', { id: u32, engine: Engine, wheels: array(struct('Wheel', { pressure: f64 }), 1) })
const car = { id: 1, engine: { rpm: 900, temperature: 90 }, wheels: [{ pressure: 2 }] }
const data = new DataView(new ArrayBuffer(64))

describe('a field that the struct does not have', () => {
  it('is refused by name, with the path and the nearest field, and then nothing is written', () => {
    const refused: [object, string][] = [
      [{ ...car, idd: 1 }, 'Car.idd: unknown field; did you mean id?'],
      [
        { ...car, engine: { ...car.engine, temprature: 1 } },
        'Car.engine.temprature: unknown field; did you mean temperature?',
      ],
      [{ ...car, engine: { ...car.engine, oil: 1 } }, 'Car.engine.oil: unknown field; the fields are rpm, temperature'],
      [
        { ...car, wheels: [{ pressure: 1, Pressure: 2 }] },
        'Car.wheels[0].Pressure: unknown field; did you mean pressure?',
      ],
    ]
    for (const [value, message] of refused) {
      expect(() => Car.write(data, 0, value as never)).toThrow(new TypeError(message))
      expect(() => codecOf(Car).measure(value as never)).toThrow(new TypeError(message))
      expect(() => checkValue(Car, value)).toThrow(new TypeError(message))
      expect(() => Car.assign(Car.view(data.buffer as ArrayBuffer), value as never)).toThrow(new TypeError(message))
    }
    expect(new Uint8Array(data.buffer).every((byte) => byte === 0)).toBe(true)
  })

  it('is named where a field is missing because its name is misspelt', () => {
    const { id, ...rest } = car
    expect(() => Car.write(data, 0, { ...rest, Id: id } as never)).toThrow(
      new TypeError('Car.Id: unknown field; did you mean id?'),
    )
    expect(() => Car.write(data, 0, rest as never)).toThrow(
      new TypeError('Car.id: expected a number (u32), got undefined'),
    )
  })

  it('is refused beside version words that are left out, or not', () => {
    const Versioned = struct('Versioned', { seq: u32, x: f64 }, { consistency: { sequence: 'seq' } })
    const buffer = new ArrayBuffer(Versioned.length)
    writeSnapshot(Versioned, buffer, 0, { x: 1 })
    writeSnapshot(Versioned, buffer, 0, { x: 1, seq: 5 })
    for (const value of [
      { x: 1, y: 2 },
      { x: 1, seq: 5, y: 2 },
    ]) {
      expect(() => writeSnapshot(Versioned, buffer, 0, value)).toThrow(
        new TypeError('Versioned.y: unknown field; did you mean x?'),
      )
    }
  })

  it('is refused in a message of a union', () => {
    const Event = union({ engine: Engine, note: payload.utf8 })
    expect(() => Event.measure({ kind: 'note', value: 'a', vallue: 'b' } as never)).toThrow(
      new TypeError('vallue: unknown field; did you mean value?'),
    )
    expect(() => Event.measure({ kind: 'engine', value: { ...car.engine, rpn: 1 } } as never)).toThrow(
      new TypeError('Engine.rpn: unknown field; did you mean rpm?'),
    )
  })

  it('is none if it is inherited, cannot be listed, or has a symbol for a name', () => {
    class Base {
      get id() {
        return 1
      }
      describe() {}
    }
    const value = Object.assign(new Base(), { engine: car.engine, wheels: car.wheels, [Symbol('note')]: 1 })
    Object.defineProperty(value, 'hidden', { value: 1 })
    Car.write(data, 0, value)
    Car.write(data, 0, Object.assign(Object.create({ extra: 1 }), car))
    expect(Car.read(data, 0)).toEqual(car)
  })
})
