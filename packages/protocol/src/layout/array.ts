import { copierOf } from '../memory/copy-exactly.js'
import { SMALL } from '../memory/copy-unchanged.js'
import { type KeptViews, keeperOf, type TypedArrayType } from '../memory/kept-views.js'
import { bytesIn, kindOfTypedArray, lengthOf, setElements } from '../memory/typed-array.js'
import {
  Accessor,
  type AccessorClass,
  accessorOver,
  bytesOf,
  checkBounds,
  pathOf,
  READ_ONLY,
  withPath,
} from './accessor.js'
import { checkCount } from './count.js'
import type { AnyLayout, Infer, Layout } from './layout.js'
import { Mismatch, typeMismatch } from './mismatch.js'
import { typedArrayClass, typedArrayName } from './typed-elements.js'
import type { MutableArrayLike, ReadonlyView, TypedArray, TypedArrayClass, View } from './view.js'

/** Up to this many elements, a loop is faster than a new typed array and its `set`. */
const FEW = 8

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
  /** Only arrays of this class have the elements' own bytes. */
  const SameElements = typedArrayClass(kind)
  /** For elements without such a class, nothing is copied by way of typed arrays. */
  const type = (SameElements ?? Uint8Array) as unknown as TypedArrayType<TypedArray>
  const keptElementsOf = keeperOf(type)
  const copyElements = copierOf(type)
  const length = count * stride

  const className = SameElements?.name
  const isSame = (values: unknown): values is TypedArray =>
    className !== undefined && kindOfTypedArray(values) === className
  /** Tells whether a typed array can lie there. Elements that are not numbers have no typed array. */
  const isAligned = ({ byteOffset }: DataView, offset: number): boolean =>
    byteOffset % stride === 0 && offset % stride === 0

  const checkEach = (values: ArrayLike<unknown>, start: number): Mismatch | undefined => {
    for (let index = 0; index < values.length; index++) {
      const mismatch = checkElement(values[index])
      if (mismatch !== undefined) return mismatch.within(`[${start + index}]`)
    }
    return undefined
  }
  const check = (value: unknown): Mismatch | undefined => {
    const values = value instanceof Elements ? value.toArray() : value
    if (!isArrayLike(values)) return typeMismatch(`an array of ${count}`, values)
    const same = isSame(values)
    const given = same ? lengthOf(values) : values.length
    if (given !== count) return new Mismatch('range', `${given} elements given where there are ${count}`)
    return same ? undefined : checkEach(values, 0)
  }
  const read = (view: DataView, offset: number): T[] => {
    // `push` would make the array grow again and again. V8 uses a hash table for a new array of more than 2 ** 25 elements.
    const values: T[] = count <= 2 ** 25 ? new Array(count) : []
    if (SameElements !== undefined && isAligned(view, offset) && offset >= 0 && offset <= view.byteLength - length) {
      const start = view.byteOffset + offset
      const elements = new SameElements(view.buffer as ArrayBuffer, start, count) as ArrayLike<unknown>
      for (let index = 0; index < count; index++) values[index] = elements[index] as T
      return values
    }
    for (let index = 0; index < count; index++) values[index] = readElement(view, offset + index * stride)
    return values
  }
  const putEach = (view: DataView, offset: number, values: ArrayLike<T>, valueCount: number) => {
    for (let index = 0; index < valueCount; index++) putElement(view, offset + index * stride, values[index])
  }
  const put = (view: DataView, offset: number, given: ArrayLike<T> | Elements) => {
    const values = given instanceof Elements ? (given.toArray() as T[]) : given
    // A getter can give other values than those that were checked. The loop leaves no old bytes then.
    if (count <= FEW || !isSame(values) || lengthOf(values) !== count) putEach(view, offset, values, count)
    else new Uint8Array(view.buffer, view.byteOffset + offset, length).set(bytesIn(values, length))
  }

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
        const same = isSame(target)
        const targetLength = same ? lengthOf(target) : target.length
        if (!(Number.isInteger(start) && start >= 0 && start + count <= targetLength)) {
          const room = `${targetLength} from index ${start} on`
          throw new RangeError(withPath(this, `${count} elements do not fit into ${room}`))
        }
        const { '\0data': data, '\0offset': offset } = this
        if (length > SMALL && same) {
          if (isAligned(data, offset)) setElements(target, elementsOf(this).at(offset, count), start)
          else setElements(bytesIn(target), bytesOf(this).at(offset, length), start * stride)
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
      const { '\0data': data, '\0offset': offset } = this
      if (isSame(values)) putElements(this, offset, values, count)
      else put(data, offset, values)
    }

    typedArray(type: TypedArrayClass): TypedArray | undefined {
      const name = typedArrayName(kind)
      if (name === undefined) throw new TypeError(withPath(this, `there is no typed array for ${kind}`))
      if (type.name !== name) throw new TypeError(withPath(this, `the typed array for ${kind} is ${name}`))
      const { buffer, byteOffset } = this['\0data']
      const offset = byteOffset + this['\0offset']
      const hasSame = SameElements !== undefined && offset % stride === 0
      return hasSame ? new type(buffer as ArrayBuffer, offset, count) : undefined
    }
  }
  const elementsOf = (accessor: Elements): KeptViews<TypedArray> => {
    accessor['\0elements'] ??= keptElementsOf(accessor['\0data'])
    return accessor['\0elements']
  }
  /** Copies a typed array of the elements' own type, of a length that was measured right before. */
  const putElements = (accessor: Elements, offset: number, values: TypedArray, valueCount: number) => {
    if (isAligned(accessor['\0data'], offset)) copyElements(values, valueCount, elementsOf(accessor), offset)
    else setElements(bytesOf(accessor).whole, bytesIn(values, valueCount * stride), offset)
  }
  const setFrom = (accessor: Elements, given: ArrayLike<T> | Elements, start = 0) => {
    const values = given instanceof Elements ? (given.toArray() as T[]) : given
    if (!isArrayLike(values)) throw typeMismatch('an index, or an array of values', values).toError(pathOf(accessor))
    const same = isSame(values)
    const valueCount = same ? lengthOf(values) : values.length
    if (!(Number.isInteger(start) && start >= 0 && start + valueCount <= count)) {
      const message = `${valueCount} values from index ${start} on do not fit: there are ${count} elements`
      throw new RangeError(withPath(accessor, message))
    }
    const mismatch = same ? undefined : checkEach(values, start)
    if (mismatch !== undefined) throw mismatch.toError(pathOf(accessor))
    const offset = accessor['\0offset'] + start * stride
    if (same) putElements(accessor, offset, values, valueCount)
    else putEach(accessor['\0data'], offset, values, valueCount)
  }

  return {
    length,
    alignment: element.alignment,
    element,
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
  /** The views of the data's elements, once `elementsOf` has found them. */
  declare '\0elements': KeptViews<TypedArray> | undefined

  constructor(...place: ConstructorParameters<AccessorClass>) {
    super(...place)
    Object.defineProperty(this, '\0elements', { value: undefined, writable: true })
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

  override '\0end'(makeError: () => Error): void {
    super['\0end'](makeError)
    this['\0elements'] = undefined
  }
}

function isArrayLike(value: unknown): value is ArrayLike<never> {
  return typeof value === 'object' && value !== null && 'length' in value && !(value instanceof Accessor)
}
