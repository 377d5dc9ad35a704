import type { Accessor, AccessorClass, FieldProperty } from './accessor.js'
import type { Mismatch } from './mismatch.js'
import type { ReadonlyView, View } from './view.js'

/**
 * Tells what a run of bytes means: the contract of every scalar, text, array and struct.
 *
 * All numbers are little-endian, on every processor. A layout holds no bytes itself, so any number of buffers can share it.
 * None of its functions uses `this`: each can be called without the layout.
 *
 * @typeParam T the plain value, as `read` returns it and `write` takes it
 */
export interface Layout<T> {
  /** Bytes of one value, padding included. */
  readonly length: number
  /** A C compiler places such a value at multiples of this power of two, in bytes. Reading needs no alignment. */
  readonly alignment: number
  /** Describes the bytes in plain JSON, enough for any tool to decode them. */
  readonly descriptor: LayoutDescriptor
  /**
   * Reads a plain value: a copy that stays as it is. Allocates what the value needs.
   *
   * @param offset bytes from the start of `view`
   * @throws RangeError if the bytes end outside `view`; TypeError if its buffer is detached
   */
  readonly read: (view: DataView, offset: number) => T
  /**
   * Writes a plain value. Checks the whole value first: if any part does not fit, nothing is written.
   *
   * @param offset bytes from the start of `view`
   * @throws TypeError or RangeError naming the part that does not fit, with its path; TypeError for a field that the struct
   *   does not have; RangeError if the bytes end outside `view`; TypeError if its buffer is detached
   */
  readonly write: (view: DataView, offset: number, value: T) => void
  /**
   * Creates a typed accessor that reads and writes bytes of `buffer` in place. Checks the bounds once, here. Using the accessor
   * allocates nothing for numbers and booleans. It is valid until the buffer is detached: then every access throws TypeError.
   *
   * @param offset bytes from the start of `buffer`, 0 by default
   * @throws RangeError with the numbers if the bytes end outside `buffer`
   */
  readonly view: (buffer: ArrayBuffer, offset?: number) => View<T>
  /**
   * Creates an accessor that only reads. Assigning to any part of it is a TypeError, in sloppy mode, too: safe for memory that
   * is mapped read-only, where a write would end the process.
   *
   * @param offset bytes from the start of `buffer`, 0 by default
   * @throws RangeError with the numbers if the bytes end outside `buffer`
   */
  readonly readonlyView: (buffer: ArrayBuffer, offset?: number) => ReadonlyView<T>
  /** Says why `value` cannot be written, or returns `undefined` if it can. Allocates only in the first case. */
  readonly check: (value: unknown) => Mismatch | undefined
  /** Writes a value that `check` has accepted, without checking it again. */
  readonly put: (view: DataView, offset: number, value: T) => void
  /**
   * Does what `check` and `put` do, in less time. Throws for a value that `check` refuses, and then writes nothing. Does not check
   * that the bytes lie inside `view` before it begins to write.
   */
  readonly checkAndPut?: (view: DataView, offset: number, value: T) => void
  /** Reads what a writer's accessor shows, if that is not the copy that `read` makes: raw bytes, in place. */
  readonly peek?: (view: DataView, offset: number) => unknown
  /**
   * Makes the property of an accessor `offset` bytes from its start, instead of the general one that calls `check`, `put` and
   * `read`: the optimising compiler inlines a limited amount of code, and such a property
   * needs a third as much.
   *
   * @param refuse throws for a value that `check` refuses
   */
  readonly property?: (offset: number, refuse: (accessor: Accessor, value: unknown) => void) => FieldProperty
  /** The layout of the elements, if this is an array. */
  readonly element?: AnyLayout
  /** The class of what a writer's accessor shows, if that is an accessor itself: structs and arrays. */
  readonly accessorClass?: AccessorClass
  /** The class of what a read-only accessor shows, if that is an accessor itself: structs, arrays and bytes. */
  readonly readonlyAccessorClass?: AccessorClass
}

/** Any layout at all. */
// biome-ignore lint/suspicious/noExplicitAny: T is both what functions take and what they return; only `any` admits every layout
export type AnyLayout = Layout<any>

/** The plain value of a layout: `type Quote = Infer<typeof Quote>`. */
export type Infer<L> = L extends { readonly read: (view: DataView, offset: number) => infer T } ? T : never

/** The names of the number layouts. */
export type ScalarKind = 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'f32' | 'f64'

/** The names of the text encodings. */
export type TextEncoding = 'utf8' | 'latin1' | 'utf16le' | 'utf32le'

/** A layout in plain JSON. Lengths, alignments and offsets are bytes; everything is little-endian. */
export type LayoutDescriptor = { readonly length: number; readonly alignment: number } & (
  | { readonly kind: ScalarKind }
  /** True unless every byte is zero. */
  | { readonly kind: 'bool' }
  | { readonly kind: 'enumeration'; readonly base: LayoutDescriptor; readonly names: Readonly<Record<string, number>> }
  /** Ends before the first zero unit, or with the field. */
  | { readonly kind: 'text'; readonly encoding: TextEncoding; readonly terminator: 'required' | 'optional' }
  | { readonly kind: 'bytes' }
  /** `count` elements, `element.length` bytes apart. */
  | { readonly kind: 'array'; readonly element: LayoutDescriptor; readonly count: number }
  | {
      readonly kind: 'struct'
      readonly name: string
      readonly fields: readonly FieldDescriptor[]
      readonly consistency?: Consistency<string>
    }
)

/** One field of a struct in plain JSON; `offset` in bytes from the start of the struct. */
export interface FieldDescriptor {
  readonly name: string
  readonly offset: number
  readonly layout: LayoutDescriptor
}

/**
 * How readers notice that a struct changes while they read it: by *version words*, which are fields of the struct (of type u32 or
 * i32, at offsets that are multiples of 4).
 *
 * - `counter`: one word that changes once with each update. The weakest, for foreign programs that have nothing better: a copy
 *   taken in the middle of an update may look like any other. That is rare if the writer pauses between updates.
 * - `sequence`: one word that is odd during an update and has changed by two after it.
 * - `begin` and `end`: two words; the writer raises `begin` before anything else and `end` after everything else.
 */
export type Consistency<Name extends string> =
  | { readonly counter: Name }
  | { readonly sequence: Name }
  | { readonly begin: Name; readonly end: Name }
