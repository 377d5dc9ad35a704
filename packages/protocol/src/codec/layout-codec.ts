import { type Accessor, type AccessorClass, moveBy } from '../layout/accessor.js'
import { endView } from '../layout/ended-view.js'
import type { AnyLayout } from '../layout/layout.js'
import { LayoutError } from '../layout/layout-error.js'
import { valueAccessors } from '../layout/value-layout.js'
import type { AnyCodec, PayloadView } from './codec.js'

/** The codec of a layout. */
export type LayoutCodec = AnyCodec & { readonly layout: AnyLayout }

/** Makes the codec of a layout: every payload has the layout's length, and shows as its accessor. */
export function layoutCodec(layout: AnyLayout): LayoutCodec {
  const { length, descriptor, check, put, read, checkAndPut, peek, accessorClass, readonlyAccessorClass } = layout
  const name = descriptor.kind === 'struct' ? descriptor.name : ''
  const checkLength = (offset: number, payloadLength: number) => {
    if (payloadLength !== length) throw wrongLength(offset, payloadLength, length)
  }
  const values = valueAccessors(layout)
  const shownBy = (accessorClass: AccessorClass) => (data: DataView) =>
    movingAccessor(layout, new accessorClass(data, 0, undefined, name))
  return {
    layout,
    descriptor,
    fixedLength: length,
    measure(value) {
      const mismatch = check(value)
      if (mismatch !== undefined) throw mismatch.toError(name)
      return length
    },
    encode(data, offset, value) {
      put(data, offset, value)
      return length
    },
    ...(checkAndPut && { checkAndPut }),
    decode(data, offset, payloadLength) {
      checkLength(offset, payloadLength)
      return read(data, offset)
    },
    // Raw bytes have no accessor that writes: they show as a new Uint8Array each time.
    view:
      accessorClass === undefined && peek !== undefined
        ? (data) => ({
            at(offset, payloadLength) {
              checkLength(offset, payloadLength)
              return peek(data, offset)
            },
          })
        : shownBy(accessorClass ?? values.writable),
    readonlyView: shownBy(readonlyAccessorClass ?? values.readonly),
  }
}

/** One accessor for all payloads of a lane. The lane has checked the offsets; beyond the end of the lane, the DataView throws. */
function movingAccessor({ length, descriptor }: AnyLayout, accessor: Accessor): PayloadView<unknown> {
  const refuse = (offset: number, payloadLength: number) => {
    throw wrongLength(offset, payloadLength, length)
  }
  const end: PayloadView<unknown>['end'] = (reason) => endView(accessor, reason)
  // An array makes the accessors of its elements later.
  if (descriptor.kind !== 'array' && accessor['\0nested'].length === 0) {
    return {
      at(offset, payloadLength) {
        if (payloadLength !== length) refuse(offset, payloadLength)
        accessor['\0offset'] = offset
        return accessor
      },
      end,
    }
  }
  return {
    at(offset, payloadLength) {
      if (payloadLength !== length) refuse(offset, payloadLength)
      moveBy(accessor, offset - accessor['\0offset'])
      return accessor
    },
    end,
  }
}

function wrongLength(offset: number, length: number, expected: number): LayoutError {
  const code = length < expected ? 'TOO_SHORT' : 'CORRUPT'
  return new LayoutError(code, offset, `${length} bytes at offset ${offset}, where every message has ${expected}`)
}
