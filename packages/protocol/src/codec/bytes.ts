import { BytesAccessor, ReadonlyBytesAccessor } from '../layout/bytes-accessor.js'
import { endView } from '../layout/ended-view.js'
import { typeMismatch } from '../layout/mismatch.js'
import type { BytesView, ReadonlyBytesView } from '../layout/view.js'
import { copyExactly } from '../memory/copy-exactly.js'
import { keptBytesOf } from '../memory/kept-views.js'
import { lengthOf } from '../memory/typed-array.js'
import type { Codec, PayloadView } from './codec.js'

/** What `measure` has returned last, for the next `encode`: more bytes would not fit into the claimed room. */
let measured = -1

/**
 * Bytes of any length, as they are. In place, a writer sees them as a `BytesView`, and a reader as a `ReadonlyBytesView`. Each is one
 * object that moves from message to message, so nothing is allocated per message.
 */
export const bytes: Codec<Uint8Array, BytesView, ReadonlyBytesView> = {
  descriptor: { kind: 'payload', encoding: 'bytes' },
  fixedLength: undefined,
  measure(value) {
    if (!(value instanceof Uint8Array)) throw typeMismatch('a Uint8Array', value).toError('')
    measured = lengthOf(value)
    return measured
  },
  encode(data, offset, value) {
    const length = lengthOf(value)
    if (length !== measured) throw new TypeError('encode: this is not the value that was measured last')
    copyExactly(value, length, keptBytesOf(data), offset)
    return length
  },
  /** Faster than `slice`, and for few bytes faster with a new view than with a kept one. */
  decode: ({ buffer, byteOffset }, offset, length) =>
    new Uint8Array(new Uint8Array(buffer, byteOffset + offset, length)),
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

/** Returns bytes of a lane where they lie, for copying. The result may be the same object again: nobody outside may get it. */
export function bytesOf(data: DataView, offset: number, length: number): Uint8Array {
  return keptBytesOf(data).at(offset, length)
}
