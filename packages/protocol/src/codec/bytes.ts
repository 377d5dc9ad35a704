import { typeMismatch } from '../layout/mismatch.js'
import type { Codec } from './codec.js'
import { byteLengthOf } from './typed-array.js'

/** Bytes of any length, as they are. Shows as a Uint8Array over the lane: one small allocation for each message. */
export const bytes: Codec<Uint8Array> = {
  descriptor: { kind: 'payload', encoding: 'bytes' },
  fixedLength: undefined,
  measure(value) {
    if (!(value instanceof Uint8Array)) throw typeMismatch('a Uint8Array', value).toError('')
    return byteLengthOf(value)
  },
  encode(data, offset, value) {
    const length = byteLengthOf(value)
    bytesOf(data, offset, length).set(value)
    return length
  },
  decode: (data, offset, length) => bytesOf(data, offset, length).slice(),
  view: (data) => ({ at: (offset, length) => bytesOf(data, offset, length) }),
}

/** Returns bytes of a lane where they stand. */
export function bytesOf(data: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset + offset, length)
}
