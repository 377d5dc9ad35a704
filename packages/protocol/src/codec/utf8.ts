import { LayoutError } from '../layout/layout-error.js'
import { typeMismatch } from '../layout/mismatch.js'
import { bytesOf } from './bytes.js'
import type { Codec } from './codec.js'

/** Text of any length in UTF-8, without terminator. NUL may occur. Half of a surrogate pair is written as U+FFFD. */
export const utf8: Codec<string> = {
  descriptor: { kind: 'payload', encoding: 'utf8' },
  fixedLength: undefined,
  measure(value) {
    if (typeof value !== 'string') throw typeMismatch('a string', value).toError('')
    return measureText(value, value)
  },
  encode: encodeText,
  decode: decodeText,
  view: (data) => ({ at: (offset, length) => decodeText(data, offset, length) }),
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Room for any text of up to 16384 UTF-16 units. Longer text gets memory of its own. */
const SCRATCH_LENGTH = 3 * 16384
const encodingScratch = new Uint8Array(SCRATCH_LENGTH)
const decodingScratch = new Uint8Array(SCRATCH_LENGTH)

/** The result of `measureText`, for the next `encodeText`. Only `length` bytes of it belong to the text. */
let prepared: { owner: unknown; bytes: Uint8Array; length: number } | undefined

/**
 * Encodes text, which is the fastest way to learn its length. `encodeText` then only copies it.
 *
 * @param owner the value that the text represents
 * @returns bytes
 */
export function measureText(owner: unknown, text: string): number {
  if (3 * text.length <= SCRATCH_LENGTH) {
    prepared = { owner, bytes: encodingScratch, length: encoder.encodeInto(text, encodingScratch).written }
  } else {
    const bytes = encoder.encode(text)
    prepared = { owner, bytes, length: bytes.length }
  }
  return prepared.length
}

/**
 * Writes the text that `measureText` encoded last.
 *
 * @returns bytes written
 * @throws TypeError if `measureText` was last called for another value
 */
export function encodeText(data: DataView, offset: number, owner: unknown): number {
  if (prepared === undefined || !Object.is(owner, prepared.owner))
    throw new TypeError('encode: this is not the value that was measured last')
  const { bytes, length } = prepared
  prepared = undefined
  bytesOf(data, offset, length).set(length === bytes.length ? bytes : bytes.subarray(0, length))
  return length
}

/**
 * Decodes UTF-8 from a private copy. The decoder may read each byte twice, and another process may change it in between.
 *
 * @throws LayoutError `CORRUPT` for bytes that are not UTF-8
 */
export function decodeText(data: DataView, offset: number, length: number): string {
  const bytes = bytesOf(data, offset, length)
  let copy: Uint8Array
  if (length <= SCRATCH_LENGTH) {
    decodingScratch.set(bytes)
    copy = decodingScratch.subarray(0, length)
  } else {
    copy = bytes.slice()
  }
  try {
    return decoder.decode(copy)
  } catch {
    throw new LayoutError('CORRUPT', offset, `${length} bytes at offset ${offset} are not UTF-8`)
  }
}
