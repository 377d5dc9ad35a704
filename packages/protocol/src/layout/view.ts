/** The types of accessors. They depend only on the type of the plain value, so editors and compiler errors show plain fields. */

type IsAny<T> = 0 extends 1 & T ? true : false

/** Writes a type out as plain fields, without the names that made it. */
type Plain<T> = T extends infer O ? { [Name in keyof O]: O[Name] } : never

/** The names of the fields that show as accessors themselves: structs and arrays. */
type NestedNames<T> = {
  [Name in keyof T]: T[Name] extends Uint8Array ? never : T[Name] extends object ? Name : never
}[keyof T]

/** What `layout.view` returns: an accessor that reads and writes the bytes. A number, boolean or text is its `value`. */
export type View<T> =
  IsAny<T> extends true
    ? // biome-ignore lint/suspicious/noExplicitAny: the view of any layout at all
      any
    : [T] extends [object]
      ? FieldView<T>
      : { value: T }

/** What `layout.readonlyView` returns: an accessor that reads the bytes. Assigning to any part of it is a TypeError. */
export type ReadonlyView<T> =
  IsAny<T> extends true
    ? // biome-ignore lint/suspicious/noExplicitAny: as above
      any
    : [T] extends [object]
      ? ReadonlyFieldView<T>
      : { readonly value: T }

/** The type of a value inside the accessor of a struct or an array. */
export type FieldView<T> =
  IsAny<T> extends true
    ? // biome-ignore lint/suspicious/noExplicitAny: as above
      any
    : T extends Uint8Array
      ? Uint8Array
      : T extends readonly (infer Element)[]
        ? ArrayView<Element>
        : T extends object
          ? StructView<T>
          : T

/** The type of a value inside a read-only accessor. */
export type ReadonlyFieldView<T> =
  IsAny<T> extends true
    ? // biome-ignore lint/suspicious/noExplicitAny: as above
      any
    : T extends Uint8Array
      ? ReadonlyBytesView
      : T extends readonly (infer Element)[]
        ? ReadonlyArrayView<Element>
        : T extends object
          ? ReadonlyStructView<T>
          : T

/**
 * The accessor of a struct: a property for each field, and nothing else. Nested structs and arrays are accessors themselves:
 * write their properties one by one, or all at once by `assign`.
 */
export type StructView<T> = Plain<
  { -readonly [Name in Exclude<keyof T, NestedNames<T>>]: FieldView<T[Name]> } & {
    readonly [Name in NestedNames<T>]: FieldView<T[Name]>
  }
>

/** The read-only accessor of a struct. */
export type ReadonlyStructView<T> = T extends infer O
  ? { readonly [Name in keyof O]: ReadonlyFieldView<O[Name]> }
  : never

/** The accessor that `update` passes to its callback: a struct's, whose version words cannot be assigned. */
export type UpdateView<T, Version extends string> =
  IsAny<T> extends true
    ? // biome-ignore lint/suspicious/noExplicitAny: as above
      any
    : Plain<Omit<StructView<T>, Version> & { readonly [Name in Version & keyof T]: T[Name] }>

/** A fixed array where it lies in memory, for reading. */
export interface ReadonlyArrayView<T> extends Iterable<ReadonlyFieldView<T>> {
  /** Number of elements, fixed by the declaration. */
  readonly length: number
  /**
   * Returns one element: a value, or for structs, arrays and bytes an accessor (the same one each time for the same index).
   *
   * @throws RangeError if there is no such element
   */
  get(index: number): ReadonlyFieldView<T>
  /**
   * Copies all elements into an existing array, such as a Float64Array. For numbers and a typed array of the same type, this is one
   * copy of bytes. Allocates nothing for up to 256 bytes. For more, it allocates one small object at most (see
   * `ReadonlyBytesView.copyTo`), or two if the elements do not lie at a multiple of their length.
   *
   * @param start index in `target` of the first element; 0 by default
   * @throws RangeError if `target` has no room for all elements
   */
  copyTo(target: MutableArrayLike<T>, start?: number): void
  /** Copies all elements into a new array of plain values. */
  toArray(): T[]
}

/** A fixed array where it lies in memory. */
export interface ArrayView<T>
  extends Iterable<FieldView<T>>,
    Omit<ReadonlyArrayView<T>, 'get' | typeof Symbol.iterator> {
  /**
   * Returns one element: a value, or for structs and arrays an accessor (the same one each time for the same index).
   *
   * @throws RangeError if there is no such element
   */
  get(index: number): FieldView<T>
  /**
   * Writes one element.
   *
   * @throws RangeError if there is no such element; TypeError or RangeError if the value does not fit
   */
  set(index: number, value: T): void
  /**
   * Writes several elements, from `start` on. If a value does not fit, nothing is written. For numbers from a typed array of
   * the same type, this is one copy of bytes, which allocates nothing if the elements lie at a multiple of their length.
   *
   * @param start index of the first element to write; 0 by default
   * @throws RangeError if there are more values than elements from `start` on; TypeError or RangeError naming the element
   *   that does not fit
   */
  set(values: ArrayLike<T>, start?: number): void
  /**
   * Writes all elements. If a value does not fit, nothing is written.
   *
   * @throws RangeError for another number of values; TypeError or RangeError naming the element that does not fit
   */
  assign(values: ArrayLike<T>): void
  /**
   * Returns a typed array over the memory itself, for code that works on typed arrays: `view.samples.typedArray(Float64Array)`.
   * Allocates it. It does not move with the accessor, and values written through it are not checked.
   *
   * @param type the class for the elements' type: Float64Array for `f64`
   * @returns `undefined` if the array does not lie at a multiple of the element's length, or the processor is big-endian
   * @throws TypeError if the elements are not of that type
   */
  typedArray<Class extends TypedArrayClass>(type: Class): Class['prototype'] | undefined
}

/**
 * Bytes where they lie in memory, for reading. It is one object that moves from message to message, which a Uint8Array cannot do.
 * Moreover, a Uint8Array would let a reader write, and writing to memory that is mapped read-only ends the process.
 */
export interface ReadonlyBytesView extends Iterable<number> {
  /** Number of bytes. */
  readonly length: number
  /**
   * Returns one byte. Allocates nothing.
   *
   * @throws RangeError if there is no such byte
   */
  get(index: number): number
  /**
   * Copies all bytes into an existing Uint8Array. Allocates nothing for up to 256 bytes. For more, it needs a small object. The view
   * keeps this object for the next message that has the same length and lies at the same place, if the message takes at least 1/1024
   * of the lane. So long messages of one length allocate nothing after the first lap.
   *
   * @param start index in `target` of the first byte; 0 by default
   * @throws RangeError if `target` has no room for all bytes
   */
  copyTo(target: Uint8Array, start?: number): void
  /** Copies the bytes from `start` up to, but not including, `end` into a new Uint8Array, as `Uint8Array.slice` does. */
  slice(start?: number, end?: number): Uint8Array
  /**
   * Returns a Uint8Array over the memory itself, for code that needs one. Allocates it. It does not move with the view: use it only
   * as long as the message is valid. A reader must never write to it: its memory is mapped read-only, and a write ends the process
   * with SIGSEGV.
   */
  unsafeArray(): Uint8Array
  /**
   * The memory that holds the bytes, for code that keeps a DataView over it. Getting it allocates nothing. The warnings of
   * `unsafeArray` apply.
   */
  readonly unsafeBuffer: ArrayBuffer
  /** Where the bytes begin in `unsafeBuffer`. */
  readonly byteOffset: number
}

/** Bytes where they lie in memory, for reading and writing: one object that moves from message to message. */
export interface BytesView extends ReadonlyBytesView {
  /**
   * Writes one byte. Allocates nothing.
   *
   * @throws RangeError if there is no such byte, or the value is not a whole number from 0 to 255
   */
  set(index: number, value: number): void
  /**
   * Copies all bytes of a Uint8Array into these bytes, from index `start` on. Allocates nothing, except in the first call.
   *
   * @param start index of the first byte to write; 0 by default
   * @throws RangeError if the bytes do not fit from `start` on; then nothing is written
   */
  set(bytes: Uint8Array, start?: number): void
}

/** An array, or a typed array, to copy into. */
export interface MutableArrayLike<T> {
  readonly length: number
  [index: number]: T
}

/** The classes of typed arrays whose elements are layouts, too. */
export type TypedArrayClass =
  | Int8ArrayConstructor
  | Uint8ArrayConstructor
  | Int16ArrayConstructor
  | Uint16ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | BigInt64ArrayConstructor
  | BigUint64ArrayConstructor
  | Float32ArrayConstructor
  | Float64ArrayConstructor

/** A typed array of one of these classes. */
export type TypedArray = TypedArrayClass['prototype']
