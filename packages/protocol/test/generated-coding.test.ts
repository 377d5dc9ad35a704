import { describe, expect, it } from 'vitest'
import { struct, u8, u32 } from '../src/index.js'
import { place } from '../src/layout/field-placement.js'
import { generateCoding } from '../src/layout/generated-coding.js'
import { closureCoding } from '../src/layout/struct-fields.js'

const Pair = struct('Pair', { a: u8, b: u32 })

describe('generated code', () => {
  it('is used in this process', () => {
    const { placed } = place('S', { a: u8 }, {})
    const closures = closureCoding('S', placed)
    expect(generateCoding(placed, closures)).not.toBe(closures)
  })

  it('is not made once the program forbids it, and closures do the work', () => {
    const original = globalThis.Function
    globalThis.Function = (() => {
      throw new EvalError('code generation is forbidden')
    }) as unknown as FunctionConstructor
    try {
      const Later = struct('Later', { a: u8, b: u32 })
      const data = new DataView(new ArrayBuffer(8))
      Later.write(data, 0, { a: 1, b: 2 })
      expect(Later.read(data, 0)).toEqual({ a: 1, b: 2 })
    } finally {
      globalThis.Function = original
    }
  })

  it('writes the values that it has checked, if getters return others each time', () => {
    let reads = 0
    const value = {
      get a() {
        return reads++ === 0 ? 7 : ('no number' as unknown as number)
      },
      get b() {
        return 9
      },
    }
    const data = new DataView(new ArrayBuffer(8))
    Pair.write(data, 0, value)
    expect(Pair.read(data, 0)).toEqual({ a: 7, b: 9 })
    expect(reads).toBe(1)
  })

  it('writes nothing of a value that does not fit', () => {
    const memory = new Uint8Array(8).fill(0xee)
    expect(() => Pair.write(new DataView(memory.buffer), 0, { a: 1, b: -1 })).toThrow(
      new RangeError('Pair.b: -1 is not a u32 (0 to 4294967295)'),
    )
    expect(memory.every((byte) => byte === 0xee)).toBe(true)
  })

  it('is not made for a struct with an offset that is no number', () => {
    const offset = '0); globalThis.stolen = true; (' as unknown as number
    const fields = [{ name: 'a', offset, layout: u8 }]
    const closures = closureCoding('S', fields)
    expect(generateCoding(fields, closures)).toBe(closures)
    expect('stolen' in globalThis).toBe(false)
  })

  it('is not made for a struct of very many fields, which V8 would not optimise', () => {
    const names = Array.from({ length: 600 }, (_, index) => `f${index}`)
    const { placed } = place('S', Object.fromEntries(names.map((name) => [name, u8])), {})
    const closures = closureCoding('S', placed)
    expect(generateCoding(placed, closures)).toBe(closures)
    const Wide = struct('Wide', Object.fromEntries(names.map((name) => [name, u8])))
    const value = Object.fromEntries(names.map((name, index) => [name, index & 255]))
    const data = new DataView(new ArrayBuffer(Wide.length))
    Wide.write(data, 0, value)
    expect(Wide.read(data, 0)).toEqual(value)
  })
})
