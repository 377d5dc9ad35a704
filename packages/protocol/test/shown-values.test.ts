import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { array, bytes, enumeration, f64, payload, struct, u8, u32, union, utf8 } from '../src/index.js'
import { codecOf } from '../src/internal.js'

const Engine = struct('Engine', { rpm: u32, gears: array(f64, 2) })
const Car = struct('Car', {
  id: u32,
  engine: Engine,
  name: utf8(8),
  state: enumeration(u8, { off: 0, on: 1 }),
  points: array(struct('Point', { x: f64 }), 2),
})
const car = {
  id: 7,
  engine: { rpm: 900, gears: [1, 2] },
  name: 'one',
  state: 'on' as const,
  points: [{ x: 1 }, { x: 2 }],
}
const buffer = new ArrayBuffer(Car.length)
Car.write(new DataView(buffer), 0, car)

for (const [kind, view] of [
  ['a view', Car.view(buffer)],
  ['a read-only view', Car.readonlyView(buffer)],
] as const) {
  describe(`${kind} shows its values`, () => {
    it('in console.log, with the name of its struct', () => {
      expect(inspect(view)).toBe(`Car ${inspect(car)}`)
      expect(inspect(view.engine)).toBe('{ rpm: 900, gears: [ 1, 2 ] }')
      expect(inspect(view.engine.gears)).toBe('[ 1, 2 ]')
      expect(inspect({ view }, { depth: 0 })).toContain('Car')
      expect(inspect(u32.view(buffer))).toBe('{ value: 7 }')
    })

    it('in JSON.stringify', () => {
      expect(JSON.stringify(view)).toBe(JSON.stringify(car))
      expect(JSON.stringify(view.points)).toBe('[{"x":1},{"x":2}]')
    })

    it('when it is spread, in the order of its declaration', () => {
      const { id, name, state } = { ...view }
      expect({ id, name, state }).toEqual({ id: 7, name: 'one', state: 'on' })
      expect(Object.keys({ ...view })).toEqual(Object.keys(car))
      expect({ ...view.engine }).toMatchObject({ rpm: 900 })
      expect([...view.engine.gears]).toEqual([1, 2])
      expect(Object.entries(view.points.get(1))).toEqual([['x', 2]])
      expect({ ...u32.view(buffer) }).toEqual({ value: 7 })
    })
  })
}

describe('the view of a message shows its values', () => {
  const data = new DataView(new ArrayBuffer(64))

  it('of a union', () => {
    const Event = union({ engine: Engine, blob: payload.bytes })
    const codec = codecOf(Event)
    const message = { kind: 'engine', value: car.engine } as const
    const length = codec.measure(message)
    codec.encode(data, 0, message)
    for (const view of [codec.view(data), codec.readonlyView(data)]) {
      const shown = view.at(0, length)
      expect(inspect(shown)).toBe("{ kind: 'engine', value: Engine { rpm: 900, gears: [ 1, 2 ] } }")
      expect(JSON.stringify(shown)).toBe(JSON.stringify(message))
      expect({ ...shown }).toMatchObject({ kind: 'engine', value: { rpm: 900 } })
    }
  })

  it('of bytes', () => {
    const view = codecOf(bytes(3)).readonlyView(data).at(0, 3)
    expect(inspect(view)).toBe(inspect(new Uint8Array(data.buffer, 0, 3).slice()))
    expect(JSON.stringify({ view })).toBe(JSON.stringify({ view: [...new Uint8Array(data.buffer, 0, 3)] }))
  })
})

it('a view of detached memory can still be logged, and says what is wrong', () => {
  const gone = new ArrayBuffer(Car.length)
  const view = Car.view(gone)
  structuredClone(gone, { transfer: [gone] })
  expect(inspect(view)).toMatch(/^Car \[.*detached/)
  expect(inspect({ view })).toMatch(/Car \[.*detached/)
})

it('a field may have the name of any method of objects', () => {
  const Odd = struct('Odd', { toJSON: u8, inspect: u8, constructor: u8, length: u8 })
  const view = Odd.view(new ArrayBuffer(Odd.length))
  view.toJSON = 3
  expect(JSON.parse(JSON.stringify(view))).toEqual({ toJSON: 3, inspect: 0, constructor: 0, length: 0 })
  expect(inspect(view)).toContain('toJSON: 3')
})
