import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { array, bytes, f64, payload, struct, u32, union, updateSnapshot } from '../src/index.js'
import { codecOf, debugsViews, endView, KEPT } from '../src/internal.js'

const Car = struct('Car', {
  id: u32,
  raw: bytes(2),
  engine: struct('Engine', { rpm: u32 }),
  wheels: array(struct('Wheel', { pressure: f64 }), 2),
})
const ended = new Error('region "cars" is closed')

describe('an ended view', () => {
  it('throws the error that it was ended with, and so does all that is nested in it', () => {
    const view = Car.view(new ArrayBuffer(Car.length))
    const { engine, wheels } = view
    const wheel = wheels.get(0)
    view.raw = Uint8Array.of(1, 2)
    endView(view, () => ended)
    const uses: (() => unknown)[] = [
      () => view.id,
      () => (view.id = 1),
      () => view.raw,
      () => (view.raw = Uint8Array.of(1, 2)),
      () => engine.rpm,
      () => wheel.pressure,
      () => wheels.get(1).pressure,
      () => wheels.toArray(),
      () => ({ ...view }),
      () => JSON.stringify(view),
      () => Car.copy(view),
      () => Car.moveTo(view, 0),
      () => Car.assign(view, {} as never),
    ]
    for (const use of uses.slice(0, -1)) expect(use).toThrow(ended)
    expect(uses.at(-1)).toThrow()
  })

  it('can be logged, and says why it has ended', () => {
    const view = Car.readonlyView(new ArrayBuffer(Car.length))
    endView(view, () => ended)
    expect(inspect(view)).toBe('Car [region "cars" is closed]')
  })

  it('ends no other view of the same struct', () => {
    const buffer = new ArrayBuffer(Car.length)
    const [one, two] = [Car.view(buffer), Car.view(buffer)]
    endView(one, 'over')
    two.id = 5
    expect(two.id).toBe(5)
    expect(() => one.id).toThrow(new TypeError('over'))
  })

  it('may be a read-only one, of bytes, of an array, of a number, or of a message', () => {
    const buffer = new ArrayBuffer(64)
    const data = new DataView(buffer)
    const raw = bytes(2).readonlyView(buffer)
    const list = array(u32, 2).readonlyView(buffer)
    const number = u32.readonlyView(buffer)
    for (const view of [raw, list, number]) endView(view, 'over')
    for (const use of [
      () => raw.get(0),
      () => raw.slice(),
      () => list.get(0),
      () => list.copyTo([0, 0]),
      () => number.value,
    ])
      expect(use).toThrow(new TypeError('over'))

    const Event = union({ car: Car, blob: payload.bytes })
    const codec = codecOf(Event)
    const messages = codec.readonlyView(data)
    const blob = { kind: 'blob', value: Uint8Array.of(1) } as const
    const length = codec.measure(blob)
    codec.encode(data, 0, blob)
    const message = messages.at(0, length)
    const { value } = message
    endView(message, 'over')
    for (const use of [() => message.kind, () => message.value, () => [...(value as Iterable<number>)]])
      expect(use).toThrow(new TypeError('over'))
  })

  it('does nothing to plain values', () => {
    for (const value of [undefined, null, 5, 'text', {}, new Uint8Array(1)]) endView(value, 'over')
  })
})

describe('with MEMLANE_DEBUG=views', () => {
  let before: string | undefined
  beforeEach(() => {
    before = process.env.MEMLANE_DEBUG
    process.env.MEMLANE_DEBUG = 'views'
  })
  afterEach(() => {
    if (before === undefined) delete process.env.MEMLANE_DEBUG
    else process.env.MEMLANE_DEBUG = before
  })

  it('is on only if the variable lists it', () => {
    for (const [value, isOn] of [
      ['views', true],
      ['other,views', true],
      ['viewsx', false],
      ['', false],
    ] as const) {
      process.env.MEMLANE_DEBUG = value
      expect(debugsViews()).toBe(isOn)
    }
    delete process.env.MEMLANE_DEBUG
    expect(debugsViews()).toBe(false)
  })

  it('each message has a view of its own, and the one before throws', () => {
    const data = new DataView(new ArrayBuffer(256))
    const Event = union({ car: Car, note: payload.utf8 })
    for (const kind of ['view', 'readonlyView'] as const) {
      const cars = codecOf(Car)[kind](data)
      const first = cars.at(0, Car.length)
      const { engine } = first
      expect(first.id).toBe(0)
      const second = cars.at(64, Car.length)
      expect(second === first).toBe(false)
      expect(() => first.id).toThrow(new TypeError(KEPT))
      expect(() => engine.rpm).toThrow(/was used after it had become invalid/)
      expect(second.id).toBe(0)

      const events = codecOf(Event)[kind](data)
      const event = events.at(0, 8 + Car.length)
      const { value } = event
      expect(event.kind).toBe('car')
      events.at(0, 8 + Car.length)
      expect(() => event.kind).toThrow(new TypeError(KEPT))
      expect(() => (value as { id: number }).id).toThrow(new TypeError(KEPT))
    }
  })

  it('the codecs are the same otherwise', () => {
    const data = new DataView(new ArrayBuffer(256))
    const Event = union({ car: Car, note: payload.utf8 })
    const codec = codecOf(Event)
    expect('members' in codec).toBe(true)
    const message = { kind: 'note', value: 'hi' } as const
    const length = codec.measure(message)
    expect(codec.encode(data, 0, message)).toBe(length)
    expect(codec.decode(data, 0, length)).toEqual(message)
    expect(codec.readonlyView(data).at(0, length).value).toBe('hi')
  })

  it('the view that update passes throws after it', () => {
    const Versioned = struct('Versioned', { seq: u32, x: f64 }, { consistency: { sequence: 'seq' } })
    const buffer = new ArrayBuffer(Versioned.length)
    let kept: { x: number } | undefined
    updateSnapshot(Versioned, buffer, 0, (view) => {
      kept = view
      view.x = 1
    })
    expect(() => kept?.x).toThrow(new TypeError(KEPT))
    expect(() =>
      updateSnapshot(Versioned, buffer, 0, (view) => {
        kept = view
        throw new Error('stop')
      }),
    ).toThrow('stop')
    expect(() => kept?.x).toThrow(new TypeError(KEPT))
  })
})
