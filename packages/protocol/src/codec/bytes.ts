import { BytesAccessor } from '../layout/bytes-accessor.js'
import { endView } from '../layout/ended-view.js'
import { typeMismatch } from '../layout/mismatch.js'
import type { BytesView } from '../layout/view.js'
import type { Codec } from './codec.js'
import { byteLengthOf } from './typed-array.js'

/**
 * Bytes of any length, as they are. A writer sees them in place as a Uint8Array over the lane, a new small object per message. A
 * reader sees a `BytesView`, one that moves: nothing is allocated per message.
 */
export const bytes: Codec<Uint8Array, Uint8Array, BytesView> = {
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
  readonlyView(data) {
    const accessor = new BytesAccessor(data, 0, undefined, '')
    return {
      at(offset, length) {
        accessor['\0offset'] = offset
        accessor['\0length'] = length
        return accessor
      },
      end: (reason) => endView(accessor, reason),
    }
  },
}

/** Returns bytes of a lane where they lie. */
export function bytesOf(data: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset + offset, length)
}
