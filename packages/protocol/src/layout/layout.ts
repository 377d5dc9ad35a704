import type { Accessor, AccessorClass, FieldProperty } from './accessor.js'
import type { Mismatch } from './mismatch.js'

/**
 * Tells what a run of bytes means: the contract that every scalar, text, array and struct fulfils.
 *
 * All numbers are little-endian. A layout holds no bytes itself and may be shared by any number of buffers. None of its
 * functions uses `this`, so each may be taken off and called alone.
 *
 * @typeParam T the plain value, as `read` returns it and `write` takes it
 * @typeParam View what `view` returns: an accessor over the bytes
 * @typeParam Field what stands in for this layout inside the accessor of a struct or an array
 */
export interface Layout<T, View = { value: T }, Field = T> {
  /** Bytes that one value takes, the unused ones included. */
  readonly length: number
  /** The power of two, in bytes, at whose multiples a C compiler places such a value. Reading needs none. */
  readonly alignment: number
  /** Describes the bytes in plain JSON, enough for any tool to decode them. */
  readonly descriptor: LayoutDescriptor
  /**
   * Reads a plain value, a copy that stays as it is. Allocates what the value needs.
   *
   * @param offset bytes from the start of `view`
   * @throws RangeError when the bytes end outside `view`; TypeError when its buffer is detached
   */
  readonly read: (view: DataView, offset: number) => T
  /**
   * Writes a plain value. The whole value is checked first: when it does not fit, nothing is written.
   *
   * @param offset bytes from the start of `view`
   * @throws TypeError or RangeError naming the part that does not fit, with its path; RangeError when the bytes end
   *   outside `view`; TypeError when its buffer is detached
   */
  readonly write: (view: DataView, offset: number, value: T) => void
  /**
   * Creates a typed accessor over bytes of `buffer`. The bounds are checked here, once; using the accessor allocates
   * nothing for numbers and booleans. Valid until the buffer is detached: from then on every access throws TypeError.
   *
   * @param offset bytes from the start of `buffer`, 0 by default
   * @throws RangeError with the numbers when the bytes end outside `buffer`
   */
  readonly view: (buffer: ArrayBuffer, offset?: number) => View
  /** Says why `value` cannot be written, or returns `undefined` when it can. Allocates only in the first case. */
  readonly check: (value: unknown) => Mismatch | undefined
  /** Writes a value that `check` has accepted, without checking it again. */
  readonly put: (view: DataView, offset: number, value: T) => void
  /** Reads what an accessor shows, where that is not the copy that `read` makes: raw bytes, in place. */
  readonly peek?: (view: DataView, offset: number) => Field
  /**
   * Makes the property of an accessor, `offset` bytes from its start, in place of the one that calls `check`, `put` and
   * `read`: the optimising compiler inlines only so much, and this takes a third of it.
   *
   * @param refuse throws for a value that `check` refuses
   */
  readonly property?: (offset: number, refuse: (accessor: Accessor, value: unknown) => void) => FieldProperty
  /** The class of what an accessor shows, where that is an accessor itself: structs and arrays. */
  readonly accessorClass?: AccessorClass
}

/** Any layout at all. */
// biome-ignore lint/suspicious/noExplicitAny: T stands on both sides of the functions; only `any` admits every layout
export type AnyLayout = Layout<any, any, any>

/** The plain value of a layout: `type Quote = Infer<typeof Quote>`. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export type Infer<L> = L extends Layout<infer T, any, any> ? T : never

/** What a layout looks like inside an accessor. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export type InferField<L> = L extends Layout<any, any, infer Field> ? Field : never

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
 * How a struct that changes under its readers tells them so, by words of its own (fields of type u32 or i32, at offsets
 * that are multiples of 4):
 *
 * - `counter`: a word that changes once with each update. The weakest, for programs that have nothing better: a copy taken
 *   in the middle of an update may look like any other. Rare where the writer pauses between updates, not where it does not.
 * - `sequence`: a word that is odd while the writer is inside and has changed by two after each update.
 * - `begin` and `end`: a pair of words; the writer raises `begin` before anything else and `end` after everything else.
 */
export type Consistency<Name extends string> =
  | { readonly counter: Name }
  | { readonly sequence: Name }
  | { readonly begin: Name; readonly end: Name }
