import { LayoutError } from '../layout/layout-error.js'
import { typeMismatch } from '../layout/mismatch.js'
import { bytesOf } from './bytes.js'
import type { Codec } from './codec.js'

/** Text of any length in UTF-8, NUL included, without terminator. An unpaired surrogate is written as U+FFFD. */
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

/** Room for any text of 16384 UTF-16 units; what is longer gets bytes of its own. */
const SCRATCH_LENGTH = 3 * 16384
const encodingScratch = new Uint8Array(SCRATCH_LENGTH)
const decodingScratch = new Uint8Array(SCRATCH_LENGTH)

/** What `measureText` has made and `encodeText` will write, once. */
let prepared: { owner: unknown; bytes: Uint8Array; length: number } | undefined

/**
 * Encodes text, for `encodeText` to write: the fastest way to know its length.
 *
 * @param owner the value that the text stands for
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
 * Writes what `measureText` has made.
 *
 * @throws TypeError when that was for another value
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
 * Decodes UTF-8 on a private copy: the decoder may look at each byte twice, and between the two looks another process may
 * have changed it.
 *
 * @throws LayoutError `CORRUPT` for bytes that are no UTF-8
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
