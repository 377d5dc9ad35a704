import { BytesAccessor, ReadonlyBytesAccessor } from '../layout/bytes-accessor.js'
import { endView } from '../layout/ended-view.js'
import { typeMismatch } from '../layout/mismatch.js'
import type { BytesView, ReadonlyBytesView } from '../layout/view.js'
import { byteLengthOf } from '../memory/typed-array.js'
import type { Codec, PayloadView } from './codec.js'

/**
 * Bytes of any length, as they are. In place, a writer sees them as a `BytesView`, and a reader as a `ReadonlyBytesView`. Each is one
 * object that moves from message to message, so nothing is allocated per message.
 */
export const bytes: Codec<Uint8Array, BytesView, ReadonlyBytesView> = {
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
  view: (data) => moving(new BytesAccessor(data, 0, undefined, '')),
  readonlyView: (data) => moving(new ReadonlyBytesAccessor(data, 0, undefined, '')),
}

function moving<View extends ReadonlyBytesAccessor>(accessor: View): PayloadView<View> {
  return {
    at(offset, length) {
      accessor['\0offset'] = offset
      accessor['\0length'] = length
      return accessor
    },
    end: (reason) => endView(accessor, reason),
  }
}

/** Returns bytes of a lane where they lie. */
export function bytesOf(data: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset + offset, length)
}
