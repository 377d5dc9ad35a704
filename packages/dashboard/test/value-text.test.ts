import { describe, expect, it } from 'vitest'
import { valueText } from '../src/value-text.js'

const textOf = (value: unknown, length = 8) =>
  valueText({ length, value: () => value, bytes: () => new Uint8Array(length) })

describe('a value as text', () => {
  it('stands in one line, as JavaScript writes it', () => {
    expect(textOf({ symbol: "A'B", id: 2n ** 63n, ratio: -0, none: null, list: [1, Number.NaN] })).toBe(
      `{ symbol: "A'B", id: 9223372036854775808n, ratio: -0, none: null, list: [ 1, NaN ] }`,
    )
    expect(textOf('a\nb\x1b')).toMatch(/^'a\\nb\\x1b'$/i)
  })

  it('is cut if it is long, and not decoded if that would take long', () => {
    expect(textOf('x'.repeat(5000)).length).toBeLessThan(1100)
    expect(textOf(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i]))).length).toBe(1001)
    expect(textOf('unused', 100_000)).toMatch(/^100000 bytes: 00 00 .* 00 …$/)
  })

  it('is the bytes if they are no such value', () => {
    const value = () => {
      throw new Error('no UTF-8 at byte 0.')
    }
    expect(valueText({ length: 2, value, bytes: () => Uint8Array.of(255, 1) })).toBe('no UTF-8 at byte 0. Bytes: ff 01')
  })
})
