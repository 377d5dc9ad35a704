import type { AnyLayout, Layout } from './layout.js'

/**
 * What every accessor is underneath: where it stands, and what is nested in it.
 *
 * This is kept in own properties that do not show (neither listed nor copied), and whose names, beginning with NUL, no
 * field can have. Private fields or symbols would read better, but V8 finds those by a keyed load that, once five struct
 * types share this code, costs 6 to 17 ns; these are free.
 */
export class Accessor {
  declare readonly '\0data': DataView
  /** Bytes from the start of the data to those of this accessor. */
  declare '\0offset': number
  /** The data as bytes, once any were assigned: made once, as a new one each time would take longer than a small copy. */
  declare '\0bytes': Uint8Array | undefined
  /** What moves along: of a struct the nested structs and arrays; of an array its elements, by index, once made. */
  declare readonly '\0nested': (Accessor | undefined)[]
  declare readonly '\0parent': Accessor | undefined
  /** What error messages add to the path of the parent: `.wheels`, `[2]`; for the outermost, the name it begins with. */
  declare readonly '\0segment': string

  constructor(data: DataView, offset: number, parent: Accessor | undefined, segment: string) {
    Object.defineProperties(this, {
      '\0data': { value: data },
      '\0offset': { value: offset, writable: true },
      '\0nested': { value: [] },
      '\0bytes': { value: undefined, writable: true },
      '\0parent': { value: parent },
      '\0segment': { value: segment },
    })
  }
}

/** Makes an accessor; one class of accessors belongs to each declared layout. */
export type AccessorClass = new (
  data: DataView,
  offset: number,
  parent: Accessor | undefined,
  segment: string,
) => Accessor

/** The path of an accessor, as error messages show it: `Car.wheels[2]`. */
export function pathOf(accessor: Accessor): string {
  const parent = accessor['\0parent']
  return parent === undefined ? accessor['\0segment'] : pathOf(parent) + accessor['\0segment']
}

/** Moves an accessor, and all that is nested in it, by so many bytes. */
export function moveBy(accessor: Accessor, distance: number): void {
  accessor['\0offset'] += distance
  const all = accessor['\0nested']
  for (let index = 0; index < all.length; index++) {
    const nested = all[index]
    if (nested !== undefined) moveBy(nested, distance)
  }
}

/** Makes the outermost accessor over bytes of `buffer`. Errors call it `name`, which may be empty. */
export function accessorOver(
  accessorClass: AccessorClass,
  buffer: ArrayBuffer,
  offset: number,
  length: number,
  name: string,
): Accessor {
  const data = new DataView(buffer)
  checkBounds(data.byteLength, offset, length, name)
  return new accessorClass(data, offset, undefined, name)
}

/** @throws RangeError when `length` bytes at `offset` do not lie inside a buffer of `bufferLength` bytes */
export function checkBounds(bufferLength: number, offset: number, length: number, name: string): void {
  if (Number.isInteger(offset) && offset >= 0 && offset <= bufferLength - length) return
  const subject = name === '' ? '' : `${name}: `
  throw new RangeError(`${subject}${length} bytes at offset ${offset} are not inside a buffer of ${bufferLength} bytes`)
}

/** The functions of a layout that a property needs. */
type FieldCoding = Pick<AnyLayout, 'check' | 'read' | 'put' | 'peek' | 'property'>

/** A property of an accessor. */
export interface FieldProperty {
  readonly get: (this: Accessor) => unknown
  readonly set: (this: Accessor, value: never) => void
}

/**
 * Defines the property `name` over the bytes at `offset`. The functions are taken from the layout once, into constants of
 * the closures: the optimising compiler then inlines them down to the DataView call.
 *
 * @param segment the step that error messages add to the path
 */
export function defineField(
  target: AccessorClass,
  name: string,
  segment: string,
  offset: number,
  { check, read, put, peek = read, property }: FieldCoding,
): void {
  if (property !== undefined) {
    const refuse = (accessor: Accessor, value: unknown) => {
      const mismatch = check(value)
      if (mismatch !== undefined) throw mismatch.within(segment).toError(pathOf(accessor))
    }
    Object.defineProperty(target.prototype, name, { enumerable: true, ...property(offset, refuse) })
    return
  }
  Object.defineProperty(target.prototype, name, {
    enumerable: true,
    get(this: Accessor) {
      return peek(this['\0data'], this['\0offset'] + offset)
    },
    set(this: Accessor, value: unknown) {
      const mismatch = check(value)
      if (mismatch !== undefined) throw mismatch.within(segment).toError(pathOf(this))
      put(this['\0data'], this['\0offset'] + offset, value)
    },
  })
}

/**
 * Defines the property `name` of one accessor as another one, nested in it. An own property that never changes: the
 * optimising compiler then knows the class of what it finds there. It is not assignable, therefore.
 */
export function defineNested(target: Accessor, name: string, offset: number, accessorClass: AccessorClass): void {
  const nested = new accessorClass(target['\0data'], target['\0offset'] + offset, target, `.${name}`)
  target['\0nested'].push(nested)
  Object.defineProperty(target, name, { value: nested })
}

/** Makes the `view` of a layout that is a plain value: an accessor with the one property `value`. */
export function valueView<T>(length: number, coding: FieldCoding): Layout<T>['view'] {
  class ValueAccessor extends Accessor {
    declare value: T
  }
  defineField(ValueAccessor, 'value', '', 0, coding)
  return (buffer, offset = 0) => accessorOver(ValueAccessor, buffer, offset, length, '') as ValueAccessor
}
