import { seed } from '@memlane/testing/seed'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TEXT_ENCODINGS, type TextEncoding, text } from '../src/index.js'

/** How many units a character takes, as the standards say. */
const unitsOf: Record<TextEncoding, (character: string) => number> = {
  utf8: (character) => new TextEncoder().encode(character).length,
  latin1: () => 1,
  utf16le: (character) => character.length,
  utf32le: () => 1,
}
const unitLengths: Record<TextEncoding, number> = { utf8: 1, latin1: 1, utf16le: 2, utf32le: 4 }

const characters: Record<TextEncoding, fc.Arbitrary<string>> = {
  utf8: fc.oneof(fc.string({ unit: 'binary', maxLength: 1, minLength: 1 }), fc.constantFrom('é', '€', '😀')),
  latin1: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  utf16le: fc.oneof(fc.string({ unit: 'binary', maxLength: 1, minLength: 1 }), fc.constantFrom('😀')),
  utf32le: fc.string({ unit: 'binary', maxLength: 1, minLength: 1 }),
}

/** Characters that can be written, the length of the field, and whether it keeps room for a terminator. */
const textCase = fc.constantFrom(...TEXT_ENCODINGS).chain((encoding) =>
  fc.record({
    encoding: fc.constant(encoding),
    list: fc.array(
      characters[encoding].filter((character) => character !== '\0'),
      { maxLength: 24 },
    ),
    units: fc.integer({ min: 1, max: 32 }),
    odd: fc.nat(unitLengths[encoding] - 1),
    terminator: fc.constantFrom('required' as const, 'optional' as const),
  }),
)

describe('any text', () => {
  it('is read as it was written, refused if it does not fit, or cut after the last character that fits', () => {
    fc.assert(
      fc.property(textCase, ({ encoding, list, units, odd, terminator }) => {
        const byteLength = units * unitLengths[encoding] + odd
        const strict = text(encoding, byteLength, { terminator })
        const truncating = text(encoding, byteLength, { terminator, overflow: 'truncate' })
        const memory = new Uint8Array(byteLength + 4).fill(0xee)
        const data = new DataView(memory.buffer)
        const capacity = terminator === 'required' ? units - 1 : units

        let fitting = ''
        let used = 0
        for (const character of list) {
          used += unitsOf[encoding](character)
          if (used > capacity) break
          fitting += character
        }
        const value = list.join('')
        truncating.write(data, 2, value)
        expect(truncating.read(data, 2)).toBe(fitting)
        expect([...memory.subarray(0, 2)]).toEqual([0xee, 0xee])
        expect([...memory.subarray(2 + byteLength - odd)]).toEqual(Array(2 + odd).fill(0xee))
        if (fitting === value) {
          strict.write(data, 2, value)
          expect(strict.read(data, 2)).toBe(value)
        } else {
          expect(() => strict.write(data, 2, value)).toThrow(RangeError)
        }
      }),
      { seed, numRuns: 1000 },
    )
  })

  it('is a string for any bytes; UTF-8 equals what the platform decodes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.constantFrom(...TEXT_ENCODINGS),
        (memory, encoding) => {
          const length = Math.max(memory.length, unitLengths[encoding])
          const bytes = new Uint8Array(length)
          bytes.set(memory)
          const decoded = text(encoding, length).read(new DataView(bytes.buffer), 0)
          expect(decoded.includes('\0')).toBe(false)
          expect(decoded.length <= 2 * length).toBe(true)
          if (encoding !== 'utf8') return
          const end = bytes.indexOf(0)
          const used = end < 0 ? bytes : bytes.subarray(0, end)
          expect(decoded).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(used))
        },
      ),
      { seed, numRuns: 1000 },
    )
  })
})
