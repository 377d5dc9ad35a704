import {
  Accessor,
  type AccessorClass,
  accessorOver,
  checkBounds,
  defineField,
  defineNested,
  moveBy,
  pathOf,
} from './accessor.js'
import { checkCount } from './count.js'
import type { AnyLayout, Consistency, FieldDescriptor, Infer, InferField, Layout } from './layout.js'
import { describe, type Mismatch, typeMismatch } from './mismatch.js'
import { codingOf, type NamedField } from './struct-fields.js'

/** A field at an explicit offset: see `at`. */
export interface PlacedField<L extends AnyLayout = AnyLayout> {
  readonly offset: number
  readonly layout: L
}

/** The fields of a struct, in their order in memory. */
export type Fields = Readonly<Record<string, AnyLayout | PlacedField>>

type LayoutOf<F> = F extends PlacedField<infer L> ? L : F

/** The plain object that a struct of these fields reads as. */
export type StructValue<F extends Fields> = { -readonly [Name in keyof F]: Infer<LayoutOf<F[Name]>> }

/** The names of the fields that are accessors themselves: structs and arrays. */
type NestedNames<F extends Fields> = {
  [Name in keyof F]: LayoutOf<F[Name]> extends { readonly accessorClass: AccessorClass } ? Name : never
}[keyof F]

type Flat<T> = { [Name in keyof T]: T[Name] }

/**
 * The accessor of a struct of these fields: a property for each, and nothing else. Nested structs and arrays are accessors
 * themselves; their properties are written one by one, or all at once by `assign`.
 */
export type StructView<F extends Fields> = Flat<
  { -readonly [Name in Exclude<keyof F, NestedNames<F>>]: InferField<LayoutOf<F[Name]>> } & {
    readonly [Name in NestedNames<F>]: InferField<LayoutOf<F[Name]>>
  }
>

/** How a struct lies in memory. */
export interface StructOptions<Version extends string = never> {
  /** Leaves no gaps and takes alignment 1, as `#pragma pack(1)` does. Not by default. */
  readonly packed?: boolean
  /** Total bytes, for foreign layouts; by default the end of the last field, rounded up to the alignment. */
  readonly length?: number
  /** Admits fields that share bytes, as a C union does. By default they are refused. */
  readonly overlap?: boolean
  /** Names the fields by which readers recognise a consistent copy: see `readSnapshot`. */
  readonly consistency?: Consistency<Version>
}

/** The layout of a struct, its fields, and the moving of its accessors. */
export interface StructLayout<F extends Fields = Fields, Version extends string = string>
  extends Layout<StructValue<F>, StructView<F>, StructView<F>> {
  /** The name, as errors and the descriptor show it. */
  readonly name: string
  /** Each field's offset in bytes from the start of the struct, and its layout. */
  readonly fields: { readonly [Name in keyof F]: { readonly offset: number; readonly layout: LayoutOf<F[Name]> } }
  /** The version words, where the struct declares any. */
  readonly consistency: Consistency<Version> | undefined
  /**
   * Moves an accessor made by `view`, with all that is nested in it, to another struct in the same buffer. Allocates
   * nothing.
   *
   * @param offset bytes from the start of the buffer
   * @throws RangeError when the struct does not lie inside the buffer; TypeError for an accessor that is nested in
   *   another, or of another struct, or whose buffer is detached
   */
  readonly moveTo: (view: StructView<F>, offset: number) => void
  /**
   * Writes a whole value through an accessor, a nested one too. When it does not fit, nothing is written.
   *
   * @throws TypeError or RangeError naming what does not fit, with its path; TypeError for an accessor of another struct
   */
  readonly assign: (view: StructView<F>, value: StructValue<F>) => void
  /** Copies what an accessor shows now, a nested one too, into a plain object. */
  readonly copy: (view: StructView<F>) => StructValue<F>
  /** Always there: a struct shows as an accessor. */
  readonly accessorClass: AccessorClass
}

/**
 * Places a field of a struct at an explicit offset; the fields after it follow from there.
 *
 * @param offset bytes from the start of the struct, a whole number from 0 on; it need not be aligned
 */
export function at<L extends AnyLayout>(offset: number, layout: L): PlacedField<L> {
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new RangeError(`offset ${offset} is not a whole number from 0 on`)
  return { offset, layout }
}

/**
 * Declares a struct: its type, its offsets, its descriptor and its accessors come from this one declaration.
 *
 * Fields follow each other in the order given, each at the next multiple of its alignment, as a C compiler places them.
 * Padding is neither read nor written.
 *
 * ```ts
 * const Quote = struct('Quote', { symbol: utf8(8), bid: f64, ask: f64, seq: u32 })
 * type Quote = Infer<typeof Quote>
 * Quote.view(buffer).bid = 10.5
 * ```
 *
 * @throws TypeError for a name that no field can have, or none at all; RangeError for fields that overlap or exceed
 *   `length`, and for version words that could not be read atomically
 */
export function struct<const F extends Fields, const Version extends keyof F & string = never>(
  name: string,
  fields: F,
  options: StructOptions<Version> = {},
): StructLayout<F, Version> {
  const { placed, length, alignment } = place(name, fields, options)
  if (options.consistency !== undefined) checkConsistency(name, placed, options.consistency)

  type Value = StructValue<F>
  const { check: checkFields, put, readInto } = codingOf(placed)
  const check = (value: unknown): Mismatch | undefined => {
    if (typeof value !== 'object' || value === null) return typeMismatch('an object', value)
    return checkFields(value as Record<string, unknown>)
  }
  const read = (view: DataView, offset: number): Value => {
    const value: Record<string, unknown> = {}
    readInto(value, view, offset)
    return value as Value
  }

  class StructAccessor extends Accessor {
    constructor(data: DataView, offset: number, parent: Accessor | undefined, segment: string) {
      super(data, offset, parent, segment)
      for (const { name, offset, layout } of placed) {
        if (layout.accessorClass !== undefined) defineNested(this, name, offset, layout.accessorClass)
      }
    }
  }
  for (const { name, offset, layout } of placed) {
    if (layout.accessorClass === undefined) defineField(StructAccessor, name, `.${name}`, offset, layout)
  }
  const checkAccessor = (view: unknown): StructAccessor => {
    if (!(view instanceof StructAccessor)) throw typeMismatch(`an accessor of ${name}`, view).toError('')
    return view
  }

  return {
    name,
    fields: Object.fromEntries(placed.map(({ name, offset, layout }) => [name, { offset, layout }])) as StructLayout<
      F,
      Version
    >['fields'],
    length,
    alignment,
    consistency: options.consistency,
    descriptor: {
      kind: 'struct',
      name,
      length,
      alignment,
      fields: placed.map(({ name, offset, layout }): FieldDescriptor => ({ name, offset, layout: layout.descriptor })),
      ...(options.consistency && { consistency: options.consistency }),
    },
    check,
    read,
    put,
    write(view, offset, value) {
      const mismatch = check(value)
      if (mismatch !== undefined) throw mismatch.toError(name)
      checkBounds(view.byteLength, offset, length, name)
      put(view, offset, value)
    },
    accessorClass: StructAccessor,
    view: (buffer, offset = 0) =>
      accessorOver(StructAccessor, buffer, offset, length, name) as unknown as StructView<F>,
    moveTo(view, offset) {
      const accessor = checkAccessor(view)
      if (accessor['\0parent'] !== undefined)
        throw new TypeError(`${pathOf(accessor)} is nested in another accessor: move that one`)
      checkBounds(accessor['\0data'].byteLength, offset, length, name)
      moveBy(accessor, offset - accessor['\0offset'])
    },
    assign(view, value) {
      const accessor = checkAccessor(view)
      const mismatch = check(value)
      if (mismatch !== undefined) throw mismatch.toError(pathOf(accessor))
      put(accessor['\0data'], accessor['\0offset'], value)
    },
    copy(view) {
      const accessor = checkAccessor(view)
      return read(accessor['\0data'], accessor['\0offset'])
    },
  }
}

/** Gives each field its offset and the whole its length. */
function place(name: string, fields: Fields, { packed = false, length, overlap = false }: StructOptions<string>) {
  const placed: NamedField[] = []
  let end = 0
  let furthest = 0
  let alignment = 1
  for (const [field, declared] of Object.entries(fields)) {
    checkFieldName(name, field)
    if (typeof declared !== 'object' || declared === null || !('descriptor' in declared || 'layout' in declared)) {
      throw new TypeError(`struct ${name}: field ${field} is no layout, but ${describe(declared)}`)
    }
    const explicit = !('descriptor' in declared)
    const layout = explicit ? declared.layout : declared
    const step = packed ? 1 : layout.alignment
    const offset = explicit ? declared.offset : roundUp(end, step)
    placed.push({ name: field, offset, layout })
    end = offset + layout.length
    furthest = Math.max(furthest, end)
    if (offset % step === 0) alignment = Math.max(alignment, step)
  }
  if (placed.length === 0) throw new TypeError(`struct ${name} has no fields`)
  if (!overlap) checkOverlap(name, placed)
  if (length === undefined) return { placed, length: roundUp(furthest, alignment), alignment }
  checkCount(`length of struct ${name}`, length)
  if (furthest > length)
    throw new RangeError(`struct ${name}: its fields end at ${furthest}, behind its length ${length}`)
  return { placed, length, alignment: length % alignment === 0 ? alignment : 1 }
}

const roundUp = (offset: number, step: number) => Math.ceil(offset / step) * step

/** Refuses what an object cannot keep in order (numbers come first in every object) or would not keep at all. */
function checkFieldName(name: string, field: string): void {
  if (/^(?:\d+|__proto__|)$/.test(field) || field.startsWith('\0'))
    throw new TypeError(`struct ${name}: ${JSON.stringify(field)} cannot be the name of a field`)
}

function checkOverlap(name: string, placed: readonly NamedField[]): void {
  const inOrder = [...placed].sort((a, b) => a.offset - b.offset)
  inOrder.forEach((field, index) => {
    const next = inOrder[index + 1]
    const end = field.offset + field.layout.length
    if (next !== undefined && next.offset < end)
      throw new RangeError(
        `struct ${name}: ${next.name} at offset ${next.offset} overlaps ${field.name}, which ends at ${end}; ` +
          'pass { overlap: true } if that is meant',
      )
  })
}

/** Version words are read by atomic instructions, which take whole words of 4 aligned bytes. */
function checkConsistency(name: string, placed: readonly NamedField[], consistency: Consistency<string>): void {
  const offsets = new Set<number>()
  for (const word of Object.values(consistency)) {
    const field = placed.find((candidate) => candidate.name === word)
    if (field === undefined) throw new TypeError(`struct ${name}: its version word ${word} is not one of its fields`)
    const { kind } = field.layout.descriptor
    if (kind !== 'u32' && kind !== 'i32')
      throw new TypeError(`struct ${name}: its version word ${word} is ${kind}, neither u32 nor i32`)
    if (field.offset % 4 !== 0)
      throw new RangeError(`struct ${name}: its version word ${word} at offset ${field.offset} is not 4-byte aligned`)
    if (offsets.has(field.offset)) throw new TypeError(`struct ${name}: its version words are one and the same`)
    offsets.add(field.offset)
  }
}
