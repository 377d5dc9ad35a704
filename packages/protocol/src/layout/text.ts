/**
 * Text in a field of fixed length, in the form that C programs use: the text, a zero unit as its terminator, and the unused rest
 * (written as zeros). A *unit* is one array element of the C declaration: `char` or `wchar_t`.
 *
 * Reading trusts nothing. It stops at the end of the field even without a terminator, loads each unit from memory once (another
 * process may be writing), and turns bytes that are not text into U+FFFD. Unpaired UTF-16 surrogates pass through `utf16le`, in
 * both directions, as they do in Windows.
 */

import { checkBounds } from './accessor.js'
import { checkCount } from './count.js'
import type { Layout, TextEncoding } from './layout.js'
import { describe, Mismatch, typeMismatch } from './mismatch.js'
import { unknownField } from './unknown-field.js'
import { valueLayout } from './value-layout.js'

/** What text fields do with text that does not fit, and whether they need a terminator. */
export interface TextOptions {
  /**
   * What to do with text that does not fit: refuse it with a RangeError (`error`, the default), or write as many whole characters
   * as fit (`truncate`).
   */
  readonly overflow?: 'error' | 'truncate'
  /**
   * Whether text must leave room for its terminator: `required` (the default), or `optional`, for programs that fill a field without
   * a terminator. With either value, reading accepts text with and without one.
   */
  readonly terminator?: 'required' | 'optional'
}

/** The names of the text encodings, as `text` takes them. */
export const TEXT_ENCODINGS = ['utf8', 'latin1', 'utf16le', 'utf32le'] as const satisfies readonly TextEncoding[]

const UNIT_LENGTH = { utf8: 1, latin1: 1, utf16le: 2, utf32le: 4 } as const

/**
 * Creates UTF-8 text of a fixed length: `char[units]` of a program that writes UTF-8.
 *
 * @param units bytes, the terminator included
 * @throws RangeError if `units` is not a whole number from 1 on
 */
export function utf8(units: number, options?: TextOptions): Layout<string> {
  return fixedText('utf8', units, units, options)
}

/**
 * Creates Latin-1 text of a fixed length: one byte for each of U+0000 to U+00FF. The "ANSI" code page of Western Windows is almost
 * the same; it differs in 0x80 to 0x9F. Other code pages differ from 0x80 on.
 *
 * @param units bytes, the terminator included
 * @throws RangeError if `units` is not a whole number from 1 on
 */
export function latin1(units: number, options?: TextOptions): Layout<string> {
  return fixedText('latin1', units, units, options)
}

/**
 * Creates UTF-16 text of a fixed length: `wchar_t[units]` or `TCHAR[units]` of a Windows program.
 *
 * @param units UTF-16 units of 2 bytes, the terminator included; `length` of the layout is in bytes
 * @throws RangeError if `units` is not a whole number from 1 on
 */
export function utf16le(units: number, options?: TextOptions): Layout<string> {
  return fixedText('utf16le', units, 2 * units, options)
}

/**
 * Creates UTF-32 text of a fixed length: `wchar_t[units]` of a Linux or macOS program.
 *
 * @param units code points of 4 bytes, the terminator included; `length` of the layout is in bytes
 * @throws RangeError if `units` is not a whole number from 1 on
 */
export function utf32le(units: number, options?: TextOptions): Layout<string> {
  return fixedText('utf32le', units, 4 * units, options)
}

/**
 * Creates text of a fixed length from the name of its encoding and a length in bytes, for example from a command line. If the
 * length is not a multiple of the unit's length, the odd bytes at the end are neither read nor written.
 *
 * @param byteLength bytes of the whole field, the terminator included
 * @throws TypeError for an unknown encoding; RangeError for a length without room for one unit
 */
export function text(encoding: TextEncoding, byteLength: number, options?: TextOptions): Layout<string> {
  if (!TEXT_ENCODINGS.includes(encoding))
    throw new TypeError(`${describe(encoding)} is not one of the encodings ${TEXT_ENCODINGS.join(', ')}`)
  checkCount('length of text in bytes', byteLength)
  const unitLength = UNIT_LENGTH[encoding]
  if (byteLength < unitLength)
    throw new RangeError(`length of text in bytes: ${byteLength} has no room for one ${encoding} unit of ${unitLength}`)
  return fixedText(encoding, Math.floor(byteLength / unitLength), byteLength, options)
}

function fixedText(encoding: TextEncoding, units: number, length: number, options: TextOptions = {}): Layout<string> {
  checkCount(`number of ${encoding} units`, units)
  const { overflow, terminator } = checkedOptions(options)
  const capacity = terminator === 'required' ? units - 1 : units
  const unitLength = UNIT_LENGTH[encoding]
  const { decode, problem, unitsOf, encode } = CODINGS[encoding]

  return valueLayout<string>(
    { kind: 'text', encoding, terminator, length, alignment: unitLength },
    {
      check(value) {
        if (typeof value !== 'string') return typeMismatch('a string', value)
        let needed = 0
        for (let index = 0; index < value.length; index++) {
          const codePoint = value.codePointAt(index) as number
          const wrong = codePoint === 0 ? 'NUL ends the text in memory' : problem(codePoint)
          if (wrong !== undefined) return new Mismatch('range', `${hex(codePoint)} at position ${index}: ${wrong}`)
          needed += unitsOf(codePoint)
          if (codePoint > 0xffff) index++
        }
        if (needed <= capacity || overflow === 'truncate') return undefined
        const rule = terminator === 'required' ? 'and its terminator' : '(no terminator needed)'
        const advice = "shorten it, declare a longer field, or choose overflow: 'truncate'"
        return new Mismatch(
          'range',
          `text of ${needed} ${encoding} units ${rule} does not fit into ${units} (room for ${capacity}): ${advice}`,
        )
      },
      read: (view, offset) => decode(view, offset, units),
      put(view, offset, value) {
        checkBounds(view.byteLength, offset, length, '')
        let used = 0
        for (let index = 0; index < value.length; index++) {
          const codePoint = value.codePointAt(index) as number
          const next = used + unitsOf(codePoint)
          if (next > capacity) break
          encode(view, offset + used * unitLength, codePoint)
          used = next
          if (codePoint > 0xffff) index++
        }
        const start = used * unitLength
        new Uint8Array(view.buffer, view.byteOffset + offset + start, units * unitLength - start).fill(0)
      },
    },
  )
}

function checkedOptions(options: TextOptions): Required<TextOptions> {
  const { overflow = 'error', terminator = 'required' } = options
  const unknown = unknownField(options, ['overflow', 'terminator'], 'option')
  if (unknown !== undefined) throw unknown.toError('')
  if (overflow !== 'error' && overflow !== 'truncate')
    throw new TypeError(`overflow must be "error" or "truncate", not ${describe(overflow)}`)
  if (terminator !== 'required' && terminator !== 'optional')
    throw new TypeError(`terminator must be "required" or "optional", not ${describe(terminator)}`)
  return { overflow, terminator }
}

/** One encoding: writing, and reading, which mirrors it. */
interface TextCoding {
  /** Says why a code point cannot be written, or returns `undefined` if it can. */
  problem(codePoint: number): string | undefined
  unitsOf(codePoint: number): number
  encode(view: DataView, offset: number, codePoint: number): void
  /** Reads up to the terminator, but at most `units` units. */
  decode(view: DataView, offset: number, units: number): string
}

const UNPAIRED = 'an unpaired surrogate is not a character'
const isSurrogate = (codePoint: number) => codePoint >= 0xd800 && codePoint <= 0xdfff
const unpaired = (codePoint: number) => (isSurrogate(codePoint) ? UNPAIRED : undefined)
const hex = (codePoint: number) => `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`

const CODINGS: Readonly<Record<TextEncoding, TextCoding>> = {
  utf8: {
    problem: unpaired,
    unitsOf: (codePoint) => (codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x1_0000 ? 3 : 4),
    encode(view, offset, codePoint) {
      if (codePoint < 0x80) {
        view.setUint8(offset, codePoint)
      } else if (codePoint < 0x800) {
        view.setUint8(offset, 0xc0 | (codePoint >> 6))
        view.setUint8(offset + 1, 0x80 | (codePoint & 0x3f))
      } else if (codePoint < 0x1_0000) {
        view.setUint8(offset, 0xe0 | (codePoint >> 12))
        view.setUint8(offset + 1, 0x80 | ((codePoint >> 6) & 0x3f))
        view.setUint8(offset + 2, 0x80 | (codePoint & 0x3f))
      } else {
        view.setUint8(offset, 0xf0 | (codePoint >> 18))
        view.setUint8(offset + 1, 0x80 | ((codePoint >> 12) & 0x3f))
        view.setUint8(offset + 2, 0x80 | ((codePoint >> 6) & 0x3f))
        view.setUint8(offset + 3, 0x80 | (codePoint & 0x3f))
      }
    },
    decode(view, offset, units) {
      let decoded = ''
      let used = 0
      for (let index = 0; index < units; index++) {
        const byte = view.getUint8(offset + index)
        if (byte === 0) break
        if (byte >= 0x80) return decoded + chunkText(used) + decodeUtf8(view, offset + index, units - index)
        if (used === CHUNK_UNITS) {
          decoded += chunkText(used)
          used = 0
        }
        chunk[used++] = byte
      }
      return decoded + chunkText(used)
    },
  },
  latin1: {
    problem: (codePoint) => (codePoint > 0xff ? 'Latin-1 ends at U+00FF' : undefined),
    unitsOf: () => 1,
    encode: (view, offset, codePoint) => view.setUint8(offset, codePoint),
    decode: (view, offset, units) => decodeUnits(units, (index) => view.getUint8(offset + index)),
  },
  utf16le: {
    problem: () => undefined,
    unitsOf: (codePoint) => (codePoint > 0xffff ? 2 : 1),
    encode(view, offset, codePoint) {
      if (codePoint > 0xffff) {
        view.setUint16(offset, 0xd7c0 + (codePoint >> 10), true)
        view.setUint16(offset + 2, 0xdc00 | (codePoint & 0x3ff), true)
      } else {
        view.setUint16(offset, codePoint, true)
      }
    },
    decode: (view, offset, units) => decodeUnits(units, (index) => view.getUint16(offset + 2 * index, true)),
  },
  utf32le: {
    problem: unpaired,
    unitsOf: () => 1,
    encode: (view, offset, codePoint) => view.setUint32(offset, codePoint, true),
    decode: (view, offset, units) =>
      decodeUnits(units, (index) => {
        const unit = view.getUint32(offset + 4 * index, true)
        return isSurrogate(unit) ? 0xfffd : unit
      }),
  },
}

/** Collects UTF-16 units, so that long text is not concatenated character by character. */
const CHUNK_UNITS = 1024
const chunk = new Uint16Array(CHUNK_UNITS)
const chunkText = (used: number) => String.fromCharCode.apply(null, chunk.subarray(0, used) as unknown as number[])

/** Makes a string of at most `units` code points, or UTF-16 units. Stops at the first zero. */
function decodeUnits(units: number, unitAt: (index: number) => number): string {
  let decoded = ''
  let used = 0
  for (let index = 0; index < units; index++) {
    const unit = unitAt(index)
    if (unit === 0) break
    if (used >= CHUNK_UNITS - 1) {
      decoded += chunkText(used)
      used = 0
    }
    if (unit <= 0xffff) {
      chunk[used++] = unit
    } else if (unit <= 0x10_ffff) {
      chunk[used++] = 0xd7c0 + (unit >> 10)
      chunk[used++] = 0xdc00 | (unit & 0x3ff)
    } else {
      chunk[used++] = 0xfffd
    }
  }
  return decoded + chunkText(used)
}

const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Decodes UTF-8 with the platform's decoder, from a private copy: the decoder may load each byte twice, and another process may
 * change it in between.
 */
function decodeUtf8(view: DataView, offset: number, units: number): string {
  let length = 0
  while (length < units && view.getUint8(offset + length) !== 0) length++
  const copy = new Uint8Array(view.buffer, view.byteOffset + offset, length).slice()
  const terminator = copy.indexOf(0)
  return utf8Decoder.decode(terminator < 0 ? copy : copy.subarray(0, terminator))
}
