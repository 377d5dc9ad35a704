import { Accessor, type AccessorClass, accessorOver, type FieldCoding, fieldProperty, READ_ONLY } from './accessor.js'
import type { Layout, LayoutDescriptor } from './layout.js'
import type { ReadonlyView, View } from './view.js'

/** Makes the layout of a plain value, which an accessor reads again at each access: numbers, booleans, names, text. */
export function valueLayout<T>(
  descriptor: LayoutDescriptor,
  coding: Pick<Layout<T>, 'check' | 'read' | 'put' | 'property'>,
): Layout<T> {
  const { length, alignment } = descriptor
  const { check, put } = coding
  const { writable, readonly } = valueAccessors(coding)
  return {
    length,
    alignment,
    descriptor,
    ...coding,
    write(view, offset, value) {
      const mismatch = check(value)
      if (mismatch !== undefined) throw mismatch.toError('')
      put(view, offset, value)
    },
    view: (buffer, offset = 0) => accessorOver(writable, buffer, offset, length, '') as unknown as View<T>,
    readonlyView: (buffer, offset = 0) =>
      accessorOver(readonly, buffer, offset, length, '') as unknown as ReadonlyView<T>,
  }
}

/** Makes the accessors of a plain value, whose one property is `value`. */
export function valueAccessors(coding: FieldCoding): { writable: AccessorClass; readonly: AccessorClass } {
  return { writable: valueAccessor(coding, undefined), readonly: valueAccessor(coding, READ_ONLY) }
}

function valueAccessor(coding: FieldCoding, refusal: string | undefined): AccessorClass {
  const property = fieldProperty('', 0, coding, refusal)
  return class ValueAccessor extends Accessor {
    constructor(data: DataView, offset: number, parent: Accessor | undefined, segment: string) {
      super(data, offset, parent, segment)
      Object.defineProperty(this, 'value', property)
      Object.preventExtensions(this)
    }

    '\0plain'() {
      return { value: coding.read(this['\0data'], this['\0offset']) }
    }
  }
}
