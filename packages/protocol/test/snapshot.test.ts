import { describe, expect, it } from 'vitest'
import { at, f64, readSnapshot, struct, u8, u16, u32, updateSnapshot, writeSnapshot } from '../src/index.js'

const fields = { begin: u32, x: f64, y: f64, end: u32 }
const layouts = {
  pair: struct('Pair', fields, { consistency: { begin: 'begin', end: 'end' } }),
  sequence: struct('Sequence', fields, { consistency: { sequence: 'begin' } }),
  counter: struct('Counter', fields, { consistency: { counter: 'end' } }),
}
// The buffer's length is no multiple of 4. The version words are in its whole words nevertheless.
const memory = () => new ArrayBuffer(4 + layouts.pair.length + 3)

describe('snapshots', () => {
  for (const [kind, layout] of Object.entries(layouts)) {
    it(`read what was written, with a ${kind}`, () => {
      const buffer = memory()
      const version = kind === 'counter' ? 'end' : 'begin'
      writeSnapshot(layout, buffer, 4, { x: 1, y: 2, begin: 99, end: 99 })
      const first = readSnapshot(layout, buffer, 4)
      expect([first?.x, first?.y]).toEqual([1, 2])
      updateSnapshot(layout, buffer, 4, (view) => {
        view.x = 3
      })
      const second = readSnapshot(layout, buffer, 4)
      expect([second?.x, second?.y]).toEqual([3, 2])
      expect(second?.[version]).toBe((first?.[version] ?? 0) + (kind === 'sequence' ? 2 : 1))
    })

    it(`continue after the version word wraps, with a ${kind}`, () => {
      const buffer = memory()
      const view = layout.view(buffer, 4)
      for (const start of [0x7fffffff, 0xfffffffe, 0xffffffff]) {
        const even = kind === 'sequence' ? start - (start % 2) : start
        view.begin = even
        view.end = even
        for (let update = 0; update < 4; update++) {
          writeSnapshot(layout, buffer, 4, { x: update, y: update, begin: 0, end: 0 })
          expect(readSnapshot(layout, buffer, 4)?.x).toBe(update)
        }
      }
    })

    it(`write nothing if the value does not fit, with a ${kind}`, () => {
      const buffer = memory()
      writeSnapshot(layout, buffer, 4, { x: 1, y: 2, begin: 0, end: 0 })
      const before = new Uint8Array(buffer).slice()
      expect(() => writeSnapshot(layout, buffer, 4, { x: 5, y: '6' as never, begin: 0, end: 0 })).toThrow(
        new TypeError(`${layout.name}.y: expected a number (f64), got the string "6"`),
      )
      expect([...new Uint8Array(buffer)]).toEqual([...before])
    })

    it(`end an update that throws, with a ${kind}`, () => {
      const buffer = memory()
      expect(() =>
        updateSnapshot(layout, buffer, 4, (view) => {
          view.x = 1
          throw new Error('stop')
        }),
      ).toThrow('stop')
      expect(readSnapshot(layout, buffer, 4)?.x).toBe(1)
    })
  }

  for (const [kind, layout] of Object.entries(layouts)) {
    it(`refuse an update or a write inside an update, and stay consistent, with a ${kind}`, () => {
      const buffer = memory()
      const refusal = new TypeError(
        `${layout.name}: an update is running; call neither write() nor update() inside update()`,
      )
      writeSnapshot(layout, buffer, 4, { x: 1, y: 2, begin: 0, end: 0 })
      updateSnapshot(layout, buffer, 4, (view) => {
        view.x = 3
        expect(() => writeSnapshot(layout, buffer, 4, { x: 9, y: 9, begin: 0, end: 0 })).toThrow(refusal)
        expect(() => updateSnapshot(layout, buffer, 4, () => {})).toThrow(refusal)
        view.y = 4
      })
      expect(readSnapshot(layout, buffer, 4)).toMatchObject({ x: 3, y: 4 })
      const nested = () =>
        updateSnapshot(layout, buffer, 4, () =>
          updateSnapshot(layout, buffer, 4, (view) => Object.assign(view, { x: 9 })),
        )
      expect(nested).toThrow(refusal)
      expect(readSnapshot(layout, buffer, 4)).toMatchObject({ x: 3, y: 4 })
      updateSnapshot(layout, buffer, 4, (view) => Object.assign(view, { x: 5 }))
      expect(readSnapshot(layout, buffer, 4)).toMatchObject({ x: 5, y: 4 })
    })

    it(`refuse version words in an update, in JavaScript, too, with a ${kind}`, () => {
      const buffer = memory()
      const word = kind === 'counter' ? 'end' : 'begin'
      updateSnapshot(layout, buffer, 4, (view) => {
        view.x = 1
        expect(() => Reflect.set(view, word, 7)).toThrow(
          new TypeError(`${layout.name}.${word}: update() counts the version words itself; do not write them`),
        )
        expect(() => layout.assign(view as never, { begin: 0, x: 0, y: 0, end: 0 })).toThrow(TypeError)
      })
      expect(readSnapshot(layout, buffer, 4)?.x).toBe(1)
    })
  }

  it('admit an update of another struct inside an update', () => {
    const buffer = new ArrayBuffer(100)
    updateSnapshot(layouts.pair, buffer, 0, (outer) => {
      outer.x = 1
      updateSnapshot(layouts.sequence, buffer, 40, (inner) => {
        inner.x = 2
      })
      outer.y = 3
    })
    expect(readSnapshot(layouts.pair, buffer)).toMatchObject({ x: 1, y: 3 })
    expect(readSnapshot(layouts.sequence, buffer, 40)).toMatchObject({ x: 2 })
  })

  for (const [kind, layout] of [
    ['pair', layouts.pair],
    ['sequence', layouts.sequence],
  ] as const) {
    it(`are undefined during an update, and after a writer died in one until the next writes, with a ${kind}`, () => {
      const buffer = memory()
      writeSnapshot(layout, buffer, 4, { x: 1, y: 2, begin: 0, end: 0 })
      updateSnapshot(layout, buffer, 4, () => {
        expect(readSnapshot(layout, buffer, 4)).toBe(undefined)
      })
      layout.view(buffer, 4).begin += 1
      expect(readSnapshot(layout, buffer, 4)).toBe(undefined)
      expect(readSnapshot(layout, buffer, 4, 1)).toBe(undefined)
      writeSnapshot(layout, buffer, 4, { x: 3, y: 4, begin: 0, end: 0 })
      expect(readSnapshot(layout, buffer, 4)?.y).toBe(4)
    })
  }

  it('need aligned words of 4 bytes for the version', () => {
    expect(() => struct('Odd', { a: u8, seq: at(2, u32) }, { consistency: { counter: 'seq' } })).toThrow(
      new RangeError('struct Odd: its version word seq at offset 2 is not 4-byte aligned'),
    )
    expect(() => struct('Small', { seq: u16 }, { consistency: { counter: 'seq' } })).toThrow(
      new TypeError('struct Small: its version word seq is u16, neither u32 nor i32'),
    )
    expect(() => struct('None', { seq: u32 }, { consistency: { counter: 'version' as 'seq' } })).toThrow(
      new TypeError('struct None: its version word version is not one of its fields'),
    )
    expect(() => readSnapshot(layouts.pair, new ArrayBuffer(100), 2)).toThrow(
      new RangeError('Pair: offset 2 is not a multiple of 4, as version words need'),
    )
  })

  it('need a declaration of consistency, and a struct inside the buffer', () => {
    const Plain = struct('Plain', { x: f64 })
    expect(() => readSnapshot(Plain, new ArrayBuffer(8))).toThrow(
      new TypeError('struct Plain has no version words: declare its consistency'),
    )
    expect(() => readSnapshot(layouts.pair, new ArrayBuffer(30), 4)).toThrow(RangeError)
    expect(() => writeSnapshot(layouts.pair, new ArrayBuffer(30), 4, { x: 1, y: 1 })).toThrow(RangeError)
  })
})
