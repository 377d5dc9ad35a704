import { Accessor, defineField, moveBy } from '../layout/accessor.js'
import type { AnyLayout } from '../layout/layout.js'
import { LayoutError } from '../layout/layout-error.js'
import type { AnyCodec, PayloadView } from './codec.js'

/** Makes a codec of a layout: every payload has its length, and shows as its accessor. */
export function layoutCodec(layout: AnyLayout): AnyCodec {
  const { length, descriptor, check, put, read } = layout
  const name = descriptor.kind === 'struct' ? descriptor.name : ''
  return {
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
    decode(data, offset, payloadLength) {
      if (payloadLength !== length) throw wrongLength(offset, payloadLength, length)
      return read(data, offset)
    },
    view: viewOf(layout, name),
  }
}

function viewOf(layout: AnyLayout, name: string): (data: DataView) => PayloadView<unknown> {
  const { length, peek, accessorClass } = layout
  const refuse = (offset: number, payloadLength: number) => {
    throw wrongLength(offset, payloadLength, length)
  }
  // What can be peeked at and has no accessor is raw bytes, and a new Uint8Array each time.
  if (accessorClass === undefined && peek !== undefined) {
    return (data) => ({
      at(offset, payloadLength) {
        if (payloadLength !== length) refuse(offset, payloadLength)
        return peek(data, offset)
      },
    })
  }
  const Shown = accessorClass ?? valueAccessor(layout)
  return (data) => {
    const accessor = new Shown(data, 0, undefined, name)
    if (accessor['\0nested'].length === 0) {
      return {
        at(offset, payloadLength) {
          if (payloadLength !== length) refuse(offset, payloadLength)
          accessor['\0offset'] = offset
          return accessor
        },
      }
    }
    return {
      // The lane vouches for the offset; beyond the end of its bytes a DataView throws.
      at(offset, payloadLength) {
        if (payloadLength !== length) refuse(offset, payloadLength)
        moveBy(accessor, offset - accessor['\0offset'])
        return accessor
      },
    }
  }
}

function valueAccessor(layout: AnyLayout) {
  class ValueAccessor extends Accessor {}
  defineField(ValueAccessor, 'value', '', 0, layout)
  return ValueAccessor
}

function wrongLength(offset: number, length: number, expected: number): LayoutError {
  const code = length < expected ? 'TOO_SHORT' : 'CORRUPT'
  return new LayoutError(code, offset, `${length} bytes at offset ${offset}, where every message has ${expected}`)
}
