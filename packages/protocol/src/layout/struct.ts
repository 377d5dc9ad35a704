import { type Accessor, type AccessorClass, accessorOver, checkBounds, moveBy, pathOf } from './accessor.js'
import { type Fields, type PlacedField, place, type StructOptions } from './field-placement.js'
import { generateCoding } from './generated-coding.js'
import type { Consistency, FieldDescriptor, Infer, Layout } from './layout.js'
import { typeMismatch } from './mismatch.js'
import { structAccessors } from './struct-accessor.js'
import { closureCoding } from './struct-fields.js'
import type { ReadonlyView, UpdateView, View } from './view.js'

/** The plain object that a struct of these fields reads as. */
export type StructValue<F extends Fields> = F extends infer G
  ? { -readonly [Name in keyof G]: Infer<G[Name] extends PlacedField<infer L> ? L : G[Name]> }
  : never

/** The layout that a field of this type has. */
export type LayoutOf<T> = [T] extends [Uint8Array | readonly unknown[]]
  ? Layout<T>
  : [T] extends [object]
    ? StructLayout<T, string>
    : Layout<T>

/**
 * The layout of a struct.
 *
 * @typeParam T the plain object that the struct reads as
 * @typeParam Version the names of its version words, `never` if it has none
 */
export interface StructLayout<T, Version extends string = never> extends Layout<T> {
  /** The name that errors and the descriptor show. */
  readonly name: string
  /** Each field's offset in bytes from the start of the struct, and its layout. */
  readonly fields: { readonly [Name in keyof T]: { readonly offset: number; readonly layout: LayoutOf<T[Name]> } }
  /** Whether programs without memlane map such memory: see `StructOptions`. */
  readonly foreign: boolean
  /** The version words, if the struct declares any. */
  readonly consistency: string extends Version
    ? Consistency<Version> | undefined
    : [Version] extends [never]
      ? undefined
      : Consistency<Version>
  /**
   * Moves an accessor, with all that is nested in it, to another struct in the same buffer. Allocates nothing.
   *
   * @param offset bytes from the start of the buffer
   * @throws RangeError if the struct does not lie inside the buffer; TypeError for an accessor that is nested in another, or of
   *   another struct, or whose buffer is detached
   */
  readonly moveTo: (view: View<T> | ReadonlyView<T>, offset: number) => void
  /**
   * Writes a whole value through an accessor, which may be nested. If any part does not fit, nothing is written.
   *
   * @throws TypeError or RangeError naming the part that does not fit, with its path; TypeError for a read-only accessor, one
   *   that `update` has passed, or one of another struct
   */
  readonly assign: (view: View<T>, value: T) => void
  /**
   * Copies the current values of an accessor, which may be nested, into a plain object.
   *
   * @throws TypeError for an accessor of another struct
   */
  readonly copy: (view: View<T> | ReadonlyView<T> | UpdateView<T, Version>) => T
  readonly accessorClass: AccessorClass
  readonly readonlyAccessorClass: AccessorClass
  /** The class of the accessor that `update` passes: its version words cannot be assigned. */
  readonly updatingAccessorClass: AccessorClass
}

/** Any struct at all. */
// biome-ignore lint/suspicious/noExplicitAny: as for AnyLayout
export type AnyStructLayout = StructLayout<any, any>

/**
 * Declares a struct: its type, its offsets, its descriptor and its accessors come from this one declaration.
 *
 * The fields follow each other in the order given, each at the next multiple of its alignment, as a C compiler places them.
 * Numbers are little-endian on every processor. Padding is neither read nor written.
 *
 * ```ts
 * const Quote = struct('Quote', { symbol: utf8(8), bid: f64, ask: f64, seq: u32 })
 * type Quote = Infer<typeof Quote>
 * Quote.view(buffer).bid = 10.5
 * ```
 *
 * @throws TypeError without fields, or for a name that no field can have; RangeError for fields that overlap or exceed `length`,
 *   and for version words that could not be read atomically
 */
export function struct<const F extends Fields, const Version extends keyof F & string = never>(
  name: string,
  fields: F,
  options: StructOptions<Version> = {},
): StructLayout<StructValue<F>, Version> {
  const { placed, length, alignment } = place(name, fields, options)
  const { consistency } = options
  const { check, put, read, checkAndPut } = generateCoding(placed, closureCoding(name, placed))
  const accessors = structAccessors(placed, Object.values(consistency ?? {}), read)
  const checkAccessor = (view: unknown): Accessor => {
    if (!(view instanceof accessors.any)) throw typeMismatch(`an accessor of ${name}`, view).toError('')
    return view
  }

  const layout: AnyStructLayout = {
    name,
    fields: Object.fromEntries(placed.map(({ name, offset, layout }) => [name, { offset, layout }])),
    length,
    alignment,
    consistency: consistency as AnyStructLayout['consistency'],
    foreign: options.foreign ?? false,
    descriptor: {
      kind: 'struct',
      name,
      length,
      alignment,
      fields: placed.map(({ name, offset, layout }): FieldDescriptor => ({ name, offset, layout: layout.descriptor })),
      ...(consistency && { consistency }),
    },
    check,
    read,
    put,
    checkAndPut,
    write(view, offset, value) {
      try {
        checkBounds(view.byteLength, offset, length, name)
      } catch (error) {
        throw check(value)?.toError(name) ?? error // as other layouts: the value first
      }
      checkAndPut(view, offset, value)
    },
    accessorClass: accessors.writable,
    readonlyAccessorClass: accessors.readonly,
    updatingAccessorClass: accessors.updating,
    view: (buffer, offset = 0) => accessorOver(accessors.writable, buffer, offset, length, name),
    readonlyView: (buffer, offset = 0) => accessorOver(accessors.readonly, buffer, offset, length, name),
    moveTo(view, offset) {
      const accessor = checkAccessor(view)
      if (accessor['\0parent'] !== undefined)
        throw new TypeError(`${pathOf(accessor)} is nested in another accessor: move that one`)
      checkBounds(accessor['\0data'].byteLength, offset, length, name)
      moveBy(accessor, offset - accessor['\0offset'])
    },
    assign(view, value) {
      const accessor = checkAccessor(view)
      if (!(accessor instanceof accessors.writable))
        throw new TypeError(`${pathOf(accessor)}: this view cannot be assigned as a whole`)
      const mismatch = check(value)
      if (mismatch !== undefined) throw mismatch.toError(pathOf(accessor))
      checkAndPut(accessor['\0data'], accessor['\0offset'], value)
    },
    copy(view) {
      const accessor = checkAccessor(view)
      return read(accessor['\0data'], accessor['\0offset'])
    },
  }
  return layout
}
