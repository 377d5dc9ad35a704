import { copyExactly } from '../memory/copy-exactly.js'
import { bytesIn, lengthOf } from '../memory/typed-array.js'
import { bytesOf, checkBounds } from './accessor.js'
import { ReadonlyBytesAccessor } from './bytes-accessor.js'
import { checkCount } from './count.js'
import type { Layout } from './layout.js'
import { Mismatch, typeMismatch } from './mismatch.js'

/**
 * Creates the layout of raw bytes. `read` returns a copy. `view`, and a field of a writer's accessor, return the bytes themselves:
 * a Uint8Array over the memory. Each access allocates a new Uint8Array, which does not move with the accessor.
 * `readonlyView`, and a field of a read-only accessor, are a `ReadonlyBytesView`. Assigning to a field copies the bytes.
 *
 * @param length bytes, at least 1; a value must have exactly this many
 * @throws RangeError for any other length
 */
export function bytes(length: number): Layout<Uint8Array> {
  checkCount('length of bytes', length)
  const over = (view: DataView, offset: number) => {
    checkBounds(view.byteLength, offset, length, '')
    return new Uint8Array(view.buffer, view.byteOffset + offset, length)
  }
  const check = (given: unknown) => {
    if (!(given instanceof Uint8Array || given instanceof ReadonlyBytesAccessor))
      return typeMismatch(`a Uint8Array of ${length} bytes`, given)
    const givenLength = given instanceof ReadonlyBytesAccessor ? given.length : lengthOf(given)
    if (givenLength !== length) return new Mismatch('range', `${givenLength} bytes given where there are ${length}`)
    return undefined
  }
  const put = (view: DataView, offset: number, given: Uint8Array | ReadonlyBytesAccessor) => {
    const value = given instanceof ReadonlyBytesAccessor ? given.unsafeArray() : given
    const target = over(view, offset)
    const filled = lengthOf(value)
    if (filled === length) {
      target.set(value)
      return
    }
    // A getter can give other bytes than those that were checked. No old bytes may show then.
    target.set(bytesIn(value, Math.min(filled, length)))
    if (filled < length) target.fill(0, filled)
  }
  class FixedBytesAccessor extends ReadonlyBytesAccessor {
    constructor(...place: ConstructorParameters<typeof ReadonlyBytesAccessor>) {
      super(...place)
      this['\0length'] = length
    }
  }
  return {
    length,
    alignment: 1,
    descriptor: { kind: 'bytes', length, alignment: 1 },
    check,
    read: (view, offset) => new Uint8Array(over(view, offset)),
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
      set(given: Uint8Array) {
        if (!(given instanceof Uint8Array) || lengthOf(given) !== length) refuse(this, given)
        const value = given instanceof ReadonlyBytesAccessor ? given.unsafeArray() : given
        copyExactly(value, length, bytesOf(this), this['\0offset'] + fieldOffset)
      },
    }),
    readonlyAccessorClass: FixedBytesAccessor,
    view: (buffer, offset = 0) => over(new DataView(buffer), offset),
    readonlyView(buffer, offset = 0) {
      checkBounds(buffer.byteLength, offset, length, '')
      return new FixedBytesAccessor(new DataView(buffer), offset, undefined, '')
    },
  }
}
