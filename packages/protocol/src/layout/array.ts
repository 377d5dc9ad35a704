import { Accessor, type AccessorClass, accessorOver, checkBounds, pathOf } from './accessor.js'
import { checkCount } from './count.js'
import type { AnyLayout, Infer, InferField, Layout } from './layout.js'
import { Mismatch, typeMismatch } from './mismatch.js'

/** Accesses the elements of a fixed array where they stand in memory. */
export interface ArrayView<T, Field = T> extends Iterable<Field> {
  /** Number of elements; fixed by the declaration. */
  readonly length: number
  /**
   * Returns one element: a value, or for structs and arrays an accessor (always the same one for the same index).
   *
   * @throws RangeError when there is no such element
   */
  get(index: number): Field
  /**
   * Writes one element.
   *
   * @throws RangeError when there is no such element; TypeError or RangeError when the value does not fit
   */
  set(index: number, value: T): void
  /**
   * Writes all elements. When a value does not fit, nothing is written.
   *
   * @throws TypeError or RangeError naming the element that does not fit, or the wrong number of values
   */
  assign(values: ArrayLike<T>): void
  /** Copies all elements into an array of plain values. */
  toArray(): T[]
}

/** The layout of a fixed array. */
export interface ArrayLayout<L extends AnyLayout>
  extends Layout<Infer<L>[], ArrayView<Infer<L>, InferField<L>>, ArrayView<Infer<L>, InferField<L>>> {
  /** Always there: an array shows as an accessor. */
  readonly accessorClass: AccessorClass
}

/**
 * Creates the layout of a fixed array: `element[count]` in C.
 *
 * @param count elements, at least 1
 * @throws RangeError for any other count
 */
export function array<L extends AnyLayout>(element: L, count: number): ArrayLayout<L> {
  type T = Infer<L>
  checkCount('number of array elements', count)
  const { length: stride, check: checkElement, read: readElement, put: putElement, accessorClass } = element
  const peek = element.peek ?? readElement
  const length = count * stride

  const check = (given: unknown): Mismatch | undefined => {
    const values = given instanceof Elements ? given.toArray() : given
    if (!isArrayLike(values)) return typeMismatch(`an array of ${count}`, values)
    if (values.length !== count)
      return new Mismatch('range', `${values.length} elements given where there are ${count}`)
    for (let index = 0; index < count; index++) {
      const mismatch = checkElement(values[index])
      if (mismatch !== undefined) return mismatch.within(`[${index}]`)
    }
    return undefined
  }
  const read = (view: DataView, offset: number): T[] => {
    const values: T[] = []
    for (let index = 0; index < count; index++) values.push(readElement(view, offset + index * stride))
    return values
  }
  const put = (view: DataView, offset: number, given: ArrayLike<T> | Elements) => {
    const values = given instanceof Elements ? given.toArray() : given
    for (let index = 0; index < count; index++) putElement(view, offset + index * stride, values[index])
  }

  /** A class per declared array, whose functions see their element's functions as constants: see `defineField`. */
  class ArrayAccessor extends Elements implements ArrayView<T, InferField<L>> {
    get length() {
      return count
    }

    get(index: number): InferField<L> {
      if (index >>> 0 !== index || index >= count) throw outside(this, index)
      return accessorClass === undefined
        ? peek(this['\0data'], this['\0offset'] + index * stride)
        : ((this['\0nested'][index] ?? makeNested(this, index, accessorClass)) as InferField<L>)
    }

    set(index: number, value: T) {
      if (index >>> 0 !== index || index >= count) throw outside(this, index)
      const mismatch = checkElement(value)
      if (mismatch !== undefined) throw mismatch.within(`[${index}]`).toError(pathOf(this))
      putElement(this['\0data'], this['\0offset'] + index * stride, value)
    }

    assign(values: ArrayLike<T>) {
      const mismatch = check(values)
      if (mismatch !== undefined) throw mismatch.toError(pathOf(this))
      put(this['\0data'], this['\0offset'], values)
    }

    *[Symbol.iterator](): Generator<InferField<L>> {
      for (let index = 0; index < count; index++) yield this.get(index)
    }

    toArray(): T[] {
      return read(this['\0data'], this['\0offset'])
    }
  }
  const outside = (accessor: Accessor, index: number) =>
    new RangeError(`${pathOf(accessor)}[${index}]: there are ${count} elements, 0 to ${count - 1}`)
  const makeNested = (accessor: Accessor, index: number, elementClass: AccessorClass) => {
    const offset = accessor['\0offset'] + index * stride
    const nested = new elementClass(accessor['\0data'], offset, accessor, `[${index}]`)
    accessor['\0nested'][index] = nested
    return nested
  }

  return {
    length,
    alignment: element.alignment,
    descriptor: { kind: 'array', element: element.descriptor, count, length, alignment: element.alignment },
    check,
    read,
    put,
    write(view, offset, values) {
      const mismatch = check(values)
      if (mismatch !== undefined) throw mismatch.toError('')
      checkBounds(view.byteLength, offset, length, '')
      put(view, offset, values)
    },
    accessorClass: ArrayAccessor,
    view: (buffer, offset = 0) => accessorOver(ArrayAccessor, buffer, offset, length, '') as ArrayAccessor,
  }
}

/** What the accessors of all arrays have in common: one can be assigned to another. */
abstract class Elements extends Accessor {
  abstract toArray(): unknown[]
}

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return typeof value === 'object' && value !== null && 'length' in value && !(value instanceof Accessor)
}
