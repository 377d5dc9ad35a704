import { valueView } from './accessor.js'
import type { Layout, LayoutDescriptor } from './layout.js'

/** Makes the layout of a plain value: one that an accessor reads anew each time (numbers, booleans, names, text). */
export function valueLayout<T>(
  descriptor: LayoutDescriptor,
  coding: Pick<Layout<T>, 'check' | 'read' | 'put' | 'property'>,
): Layout<T> {
  const { check, put } = coding
  return {
    length: descriptor.length,
    alignment: descriptor.alignment,
    descriptor,
    ...coding,
    write(view, offset, value) {
      const mismatch = check(value)
      if (mismatch !== undefined) throw mismatch.toError('')
      put(view, offset, value)
    },
    view: valueView<T>(descriptor.length, coding),
  }
}
