import { describe, expect, it } from 'vitest'
import { latin1, TEXT_ENCODINGS, type TextEncoding, text, utf8, utf16le, utf32le } from '../src/index.js'

const memory = (...bytes: number[]) => new DataView(Uint8Array.from(bytes).buffer)
const filled = (length: number) => new DataView(new Uint8Array(length).fill(0xee).buffer)
const bytesOf = (view: DataView) => [...new Uint8Array(view.buffer)]

describe('fixed text', () => {
  it('counts units of the C declaration, and tells its length in bytes', () => {
    expect([utf8(8).length, latin1(8).length, utf16le(8).length, utf32le(8).length]).toEqual([8, 8, 16, 32])
    expect([utf8(8), latin1(8), utf16le(8), utf32le(8)].map((layout) => layout.alignment)).toEqual([1, 1, 2, 4])
    for (const units of [0, -1, 1.5, Number.NaN]) expect(() => utf8(units)).toThrow(RangeError)
  })

  it('writes the text, its terminator, and zeros up to the end of the field', () => {
    const view = filled(10)
    utf16le(4).write(view, 1, 'hé')
    expect(bytesOf(view)).toEqual([0xee, 0x68, 0, 0xe9, 0, 0, 0, 0, 0, 0xee])
    const eight = filled(8)
    utf8(6).write(eight, 1, 'é€')
    expect(bytesOf(eight)).toEqual([0xee, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0, 0xee])
    const latin = filled(4)
    latin1(3).write(latin, 0, 'é')
    expect(bytesOf(latin)).toEqual([0xe9, 0, 0, 0xee])
    const wide = filled(12)
    utf32le(2).write(wide, 2, '😀')
    expect(bytesOf(wide)).toEqual([0xee, 0xee, 0x00, 0xf6, 0x01, 0, 0, 0, 0, 0, 0xee, 0xee])
  })

  it('reads up to the terminator and ignores the bytes behind it', () => {
    expect(utf8(6).read(memory(0x41, 0x42, 0, 0x43, 0xff, 0xff), 0)).toBe('AB')
    expect(utf16le(3).read(memory(0x41, 0, 0, 0, 0x42, 0), 0)).toBe('A')
  })

  it('reads the whole field if there is no terminator', () => {
    expect(utf8(2).read(memory(0x41, 0x42, 0x43), 0)).toBe('AB')
    expect(utf8(3).read(memory(0xe2, 0x82, 0xac, 0x43), 0)).toBe('€')
    expect(utf8(2).read(memory(0xe2, 0x82, 0xac, 0x43), 0)).toBe('\ufffd')
    expect(utf16le(1).read(memory(0x41, 0, 0x42, 0), 0)).toBe('A')
    expect(utf32le(1).read(memory(0x41, 0, 0, 0, 0x42, 0, 0, 0), 0)).toBe('A')
  })

  it('reads malformed bytes as U+FFFD, and keeps a byte order mark', () => {
    expect(utf8(4).read(memory(0x41, 0xff, 0x42, 0), 0)).toBe('A\ufffdB')
    expect(utf32le(2).read(memory(0, 0, 0x11, 0, 0, 0xd8, 0, 0), 0)).toBe('\ufffd\ufffd')
    expect(utf16le(1).read(memory(0, 0xd8), 0)).toBe('\ud800')
    const view = filled(16)
    for (const layout of [utf8(8), utf16le(8)]) {
      layout.write(view, 0, '\ufeffA')
      expect(layout.read(view, 0)).toBe('\ufeffA')
    }
  })

  it('reads and writes text longer than any buffer of its own', () => {
    const long = `${'a'.repeat(1023)}😀${'é€'.repeat(3000)}`
    for (const encoding of TEXT_ENCODINGS) {
      const layout = text(encoding, 40_000)
      const view = new DataView(new ArrayBuffer(layout.length))
      const value = encoding === 'latin1' ? long.replaceAll(/[^ -ÿ]/gu, 'x') : long
      layout.write(view, 0, value)
      expect(layout.read(view, 0)).toBe(value)
    }
  })

  it('refuses text that does not fit with its terminator: the error has both lengths and says what to do', () => {
    const view = filled(8)
    expect(() => utf8(4).write(view, 0, 'abcd')).toThrow(
      new RangeError(
        'text of 4 utf8 units and its terminator does not fit into 4 (room for 3): ' +
          "shorten it, declare a longer field, or choose overflow: 'truncate'",
      ),
    )
    expect(() => utf8(4).write(view, 0, '€€')).toThrow('text of 6 utf8 units')
    expect(() => utf16le(2).write(view, 0, '😀')).toThrow(RangeError)
    expect(bytesOf(view)).toEqual(Array(8).fill(0xee))
    utf32le(2).write(view, 0, '😀')
    expect(utf32le(2).read(view, 0)).toBe('😀')
  })

  it('fills the whole field if the terminator is optional', () => {
    const view = filled(4)
    utf8(4, { terminator: 'optional' }).write(view, 0, 'abcd')
    expect(utf8(4).read(view, 0)).toBe('abcd')
    expect(() => utf8(4, { terminator: 'optional' }).write(view, 0, 'abcde')).toThrow('(no terminator needed)')
  })

  it('truncates between characters, on request', () => {
    const cut = (layout: ReturnType<typeof utf8>, value: string) => {
      const view = filled(layout.length)
      layout.write(view, 0, value)
      return layout.read(view, 0)
    }
    const truncate = { overflow: 'truncate' } as const
    expect(cut(utf8(4, truncate), 'abcdef')).toBe('abc')
    expect(cut(utf8(4, truncate), 'ab€')).toBe('ab')
    expect(cut(utf8(6, truncate), 'ab😀')).toBe('ab')
    expect(cut(utf8(7, truncate), 'ab😀')).toBe('ab😀')
    expect(cut(utf16le(4, truncate), 'ab😀')).toBe('ab')
    expect(cut(utf16le(4, { ...truncate, terminator: 'optional' }), 'ab😀')).toBe('ab😀')
    expect(cut(utf32le(4, truncate), 'ab😀c')).toBe('ab😀')
    expect(cut(utf8(1, truncate), 'a')).toBe('')
    // The next character is shorter and would fit, but the text ends where it was cut.
    expect(cut(utf8(4, truncate), 'ab€c')).toBe('ab')
  })

  it('refuses characters that could not be read again, and names their position', () => {
    const view = filled(64)
    const refused: [TextEncoding, string, string][] = [
      ['utf8', 'ab\0c', 'U+0000 at position 2: NUL ends the text in memory'],
      ['utf16le', '\0', 'U+0000 at position 0: NUL ends the text in memory'],
      ['utf8', '😀\ud800', 'U+D800 at position 2: an unpaired surrogate is not a character'],
      ['utf32le', '\udc00a', 'U+DC00 at position 0: an unpaired surrogate is not a character'],
      ['latin1', 'a€', 'U+20AC at position 1: Latin-1 ends at U+00FF'],
    ]
    for (const [encoding, value, message] of refused) {
      expect(() => text(encoding, 64).write(view, 0, value)).toThrow(new RangeError(message))
      expect(() => text(encoding, 64, { overflow: 'truncate' }).write(view, 0, value)).toThrow(RangeError)
    }
    expect(() => utf8(4).write(view, 0, 5 as never)).toThrow(new TypeError('expected a string, got the number 5'))
    utf16le(4).write(view, 0, 'a\ud800b')
    expect(utf16le(4).read(view, 0)).toBe('a\ud800b')
  })

  it('writes nothing if the field does not lie inside the view', () => {
    const view = filled(6)
    expect(() => utf8(8).write(view, 0, 'a')).toThrow(RangeError)
    expect(bytesOf(view)).toEqual(Array(6).fill(0xee))
    const part = new DataView(view.buffer, 0, 3)
    expect(() => utf8(4).write(part, 0, 'a')).toThrow(RangeError)
    expect(() => utf8(4).read(part, 0)).toThrow(RangeError)
  })
})

describe('the options of text', () => {
  it('are refused if they are unknown or have another value, and named', () => {
    const refused: [object, string][] = [
      [{ overfow: 'error' }, 'overfow: unknown option; did you mean overflow?'],
      [{ overflow: 'cut' }, 'overflow must be "error" or "truncate", not the string "cut"'],
      [{ terminator: false }, 'terminator must be "required" or "optional", not false'],
    ]
    for (const [options, message] of refused) expect(() => utf8(8, options)).toThrow(new TypeError(message))
  })
})

describe('text by the name of its encoding', () => {
  it('has a length in bytes, and leaves odd bytes at the end unchanged', () => {
    const layout = text('utf16le', 7)
    expect(layout.length).toBe(7)
    const view = filled(8)
    layout.write(view, 0, 'ab')
    expect(bytesOf(view)).toEqual([0x61, 0, 0x62, 0, 0, 0, 0xee, 0xee])
    expect(layout.read(view, 0)).toBe('ab')
    expect(() => layout.write(view, 0, 'abc')).toThrow(RangeError)
  })

  it('refuses a length without room for a unit, and an unknown encoding', () => {
    expect(() => text('utf16le', 1)).toThrow(
      new RangeError('length of text in bytes: 1 has no room for one utf16le unit of 2'),
    )
    expect(() => text('utf8', 0)).toThrow(RangeError)
    expect(() => text('ascii' as never, 8)).toThrow(
      new TypeError('the string "ascii" is not one of the encodings utf8, latin1, utf16le, utf32le'),
    )
  })

  it('holds the message of the first process', () => {
    const view = new DataView(new ArrayBuffer(256))
    text('utf16le', 256).write(view, 0, 'Message from first process.')
    expect(view.getUint16(0, true)).toBe(0x4d)
    expect(text('utf16le', 256).read(view, 0)).toBe('Message from first process.')
  })
})
