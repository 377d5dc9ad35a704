import { checkBounds } from './accessor.js'
import { checkCount } from './count.js'
import type { Layout } from './layout.js'
import { Mismatch, typeMismatch } from './mismatch.js'

/**
 * Creates the layout of raw bytes. `read` returns a copy; `view`, and a field of an accessor, are the bytes themselves: a
 * Uint8Array over the memory where it stands now (one allocation per access, and it does not move with the accessor).
 * Assigning to such a field copies, and allocates nothing but with the accessor's first.
 *
 * @param length bytes, at least 1; a value has exactly as many
 * @throws RangeError for any other length
 */
export function bytes(length: number): Layout<Uint8Array, Uint8Array> {
  checkCount('length of bytes', length)
  const over = (view: DataView, offset: number) => {
    checkBounds(view.byteLength, offset, length, '')
    return new Uint8Array(view.buffer, view.byteOffset + offset, length)
  }
  const check = (value: unknown) => {
    if (!(value instanceof Uint8Array)) return typeMismatch(`a Uint8Array of ${length} bytes`, value)
    if (value.length !== length) return new Mismatch('range', `${value.length} bytes given where there are ${length}`)
    return undefined
  }
  const put = (view: DataView, offset: number, value: Uint8Array) => over(view, offset).set(value.subarray(0, length))
  return {
    length,
    alignment: 1,
    descriptor: { kind: 'bytes', length, alignment: 1 },
    check,
    read: (view, offset) => over(view, offset).slice(),
    put,
    write(view, offset, value) {
      const mismatch = check(value)
      if (mismatch !== undefined) throw mismatch.toError('')
      put(view, offset, value)
    },
    peek: over,
    property: (fieldOffset, refuse) => ({
      get() {
        return over(this['\0data'], this['\0offset'] + fieldOffset)
      },
      set(value: Uint8Array) {
        if (!(value instanceof Uint8Array) || value.length !== length) refuse(this, value)
        this['\0bytes'] ??= bytesOf(this['\0data'])
        this['\0bytes'].set(value, this['\0offset'] + fieldOffset)
      },
    }),
    view: (buffer, offset = 0) => over(new DataView(buffer), offset),
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: DataView) => new Uint8Array(buffer, byteOffset, byteLength)
