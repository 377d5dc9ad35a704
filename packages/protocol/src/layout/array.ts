import { Accessor, type AccessorClass, accessorOver, checkBounds, pathOf, READ_ONLY, withPath } from './accessor.js'
import { checkCount } from './count.js'
import type { AnyLayout, Infer, Layout } from './layout.js'
import { Mismatch, typeMismatch } from './mismatch.js'
import { bytesOfElements, typedArrayClass, typedArrayName } from './typed-elements.js'
import type { MutableArrayLike, ReadonlyView, TypedArray, TypedArrayClass, View } from './view.js'

/** Up to this many bytes, a loop over the elements is faster than one copy of the bytes, because the loop allocates nothing. */
const SMALL = 256

/**
 * Creates the layout of a fixed array: `element[count]` in C, each element right behind the one before.
 *
 * Numbers are little-endian in memory, on every CPU. On a big-endian CPU, `copyTo` and `set` convert them, and `typedArray`
 * returns `undefined`.
 *
 * @param count elements, at least 1
 * @throws RangeError for any other count
 */
export function array<L extends AnyLayout>(element: L, count: number): Layout<Infer<L>[]> {
  type T = Infer<L>
  checkCount('number of array elements', count)
  const { length: stride, check: checkElement, read: readElement, put: putElement } = element
  const { kind } = element.descriptor
  /** Only instances of this class have the elements' own bytes. */
  const SameElements = typedArrayClass(kind)
  const length = count * stride

  const checkEach = (values: ArrayLike<unknown>, start: number): Mismatch | undefined => {
    if (SameElements !== undefined && values instanceof SameElements) return undefined
    for (let index = 0; index < values.length; index++) {
      const mismatch = checkElement(values[index])
      if (mismatch !== undefined) return mismatch.within(`[${start + index}]`)
    }
    return undefined
  }
  const check = (given: unknown): Mismatch | undefined => {
    const values = given instanceof Elements ? given.toArray() : given
    if (!isArrayLike(values)) return typeMismatch(`an array of ${count}`, values)
    if (values.length !== count)
      return new Mismatch('range', `${values.length} elements given where there are ${count}`)
    return checkEach(values, 0)
  }
  const read = (view: DataView, offset: number): T[] => {
    const values: T[] = []
    for (let index = 0; index < count; index++) values.push(readElement(view, offset + index * stride))
    return values
  }
  const putEach = (view: DataView, offset: number, values: ArrayLike<T>, valueCount: number) => {
    if (SameElements !== undefined && values instanceof SameElements) {
      bytesIn(view, offset, valueCount * stride).set(bytesOfElements(values, 0, valueCount))
      return
    }
    for (let index = 0; index < valueCount; index++) putElement(view, offset + index * stride, values[index])
  }
  const put = (view: DataView, offset: number, given: ArrayLike<T> | Elements) =>
    putEach(view, offset, given instanceof Elements ? (given.toArray() as T[]) : given, count)

  const outside = (accessor: Accessor, index: number) =>
    new RangeError(`${pathOf(accessor)}[${index}]: there are ${count} elements, 0 to ${count - 1}`)
  const makeNested = (accessor: Accessor, index: number, elementClass: AccessorClass) => {
    const offset = accessor['\0offset'] + index * stride
    const nested = new elementClass(accessor['\0data'], offset, accessor, `[${index}]`)
    accessor['\0nested'][index] = nested
    return nested
  }

  /** Makes a class per declared array, whose functions see their element's functions as constants: see `fieldProperty`. */
  const accessorOf = (elementClass: AccessorClass | undefined, peek: (view: DataView, offset: number) => unknown) =>
    class ArrayAccessor extends Elements {
      get length() {
        return count
      }

      get(index: number): unknown {
        if (index >>> 0 !== index || index >= count) throw outside(this, index)
        return elementClass === undefined
          ? peek(this['\0data'], this['\0offset'] + index * stride)
          : (this['\0nested'][index] ?? makeNested(this, index, elementClass))
      }

      *[Symbol.iterator](): Generator<unknown> {
        for (let index = 0; index < count; index++) yield this.get(index)
      }

      copyTo(target: MutableArrayLike<T>, start = 0) {
        if (!(start >= 0 && start + count <= target.length)) {
          const room = `${target.length} from index ${start} on`
          throw new RangeError(withPath(this, `${count} elements do not fit into ${room}`))
        }
        const { '\0data': data, '\0offset': offset } = this
        if (length > SMALL && SameElements !== undefined && target instanceof SameElements) {
          bytesOfElements(target, start, count).set(bytesIn(data, offset, length))
          return
        }
        for (let index = 0; index < count; index++) target[start + index] = readElement(data, offset + index * stride)
      }

      toArray(): T[] {
        return read(this['\0data'], this['\0offset'])
      }
    }

  const ReadonlyArrayAccessor = accessorOf(element.readonlyAccessorClass, readElement)
  class WritableArrayAccessor extends accessorOf(element.accessorClass, element.peek ?? readElement) {
    override set(index: number | ArrayLike<T>, value?: T | number) {
      if (typeof index === 'object') {
        setFrom(this, index, value as number | undefined)
        return
      }
      if (index >>> 0 !== index || index >= count) throw outside(this, index)
      const mismatch = checkElement(value)
      if (mismatch !== undefined) throw mismatch.within(`[${index}]`).toError(pathOf(this))
      putElement(this['\0data'], this['\0offset'] + index * stride, value)
    }

    override assign(values: ArrayLike<T>) {
      const mismatch = check(values)
      if (mismatch !== undefined) throw mismatch.toError(pathOf(this))
      put(this['\0data'], this['\0offset'], values)
    }

    typedArray(type: TypedArrayClass): TypedArray | undefined {
      const name = typedArrayName(kind)
      if (name === undefined) throw new TypeError(withPath(this, `there is no typed array for ${kind}`))
      if (type.name !== name) throw new TypeError(withPath(this, `the typed array for ${kind} is ${name}`))
      const { buffer, byteOffset } = this['\0data']
      const offset = byteOffset + this['\0offset']
      const isSame = SameElements !== undefined && offset % stride === 0
      return isSame ? new type(buffer as ArrayBuffer, offset, count) : undefined
    }
  }
  const setFrom = (accessor: Accessor, given: ArrayLike<T> | Elements, start = 0) => {
    const values = given instanceof Elements ? (given.toArray() as T[]) : given
    if (!isArrayLike(values)) throw typeMismatch('an index, or an array of values', values).toError(pathOf(accessor))
    const valueCount = values.length
    if (!(Number.isInteger(start) && start >= 0 && start + valueCount <= count)) {
      const message = `${valueCount} values from index ${start} on do not fit: there are ${count} elements`
      throw new RangeError(withPath(accessor, message))
    }
    const mismatch = checkEach(values, start)
    if (mismatch !== undefined) throw mismatch.toError(pathOf(accessor))
    putEach(accessor['\0data'], accessor['\0offset'] + start * stride, values, valueCount)
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
    accessorClass: WritableArrayAccessor,
    readonlyAccessorClass: ReadonlyArrayAccessor,
    view: (buffer, offset = 0) =>
      accessorOver(WritableArrayAccessor, buffer, offset, length, '') as unknown as View<T[]>,
    readonlyView: (buffer, offset = 0) =>
      accessorOver(ReadonlyArrayAccessor, buffer, offset, length, '') as unknown as ReadonlyView<T[]>,
  }
}

/** The base of all array accessors: so an accessor can be assigned to another array. A read-only accessor refuses to write. */
abstract class Elements extends Accessor {
  constructor(...place: ConstructorParameters<AccessorClass>) {
    super(...place)
    Object.preventExtensions(this)
  }

  abstract toArray(): unknown[]

  set(_index: unknown, _value?: unknown): void {
    throw new TypeError(withPath(this, READ_ONLY))
  }

  assign(_values: unknown): void {
    throw new TypeError(withPath(this, READ_ONLY))
  }

  /** `JSON.stringify` shows an array of values. */
  toJSON(): unknown[] {
    return this.toArray()
  }

  '\0plain'(): unknown[] {
    return this.toArray()
  }
}

function isArrayLike(value: unknown): value is ArrayLike<never> {
  return typeof value === 'object' && value !== null && 'length' in value && !(value instanceof Accessor)
}

function bytesIn({ buffer, byteOffset }: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + offset, length)
}
