import { checkCount } from './count.js'
import type { AnyLayout, Consistency } from './layout.js'
import { describe } from './mismatch.js'
import type { NamedField } from './struct-fields.js'
import { unknownField } from './unknown-field.js'

/** A field at an explicit offset: see `at`. */
export interface PlacedField<L extends AnyLayout = AnyLayout> {
  readonly offset: number
  readonly layout: L
}

/** The fields of a struct, in their order in memory. */
export type Fields = Readonly<Record<string, AnyLayout | PlacedField>>

/** How a struct lies in memory. */
export interface StructOptions<Version extends string = never> {
  /** Leaves no gaps and takes alignment 1, as `#pragma pack(1)` does. Default false. */
  readonly packed?: boolean
  /** Total bytes, for foreign layouts. Default: the end of the last field, rounded up to the alignment. */
  readonly length?: number
  /** Admits fields that share bytes, as a C union does. Default false: such fields are refused. */
  readonly overlap?: boolean
  /** Names the fields by which readers recognise a consistent copy: see `readSnapshot`. */
  readonly consistency?: Consistency<Version>
  /**
   * Programs without memlane map this memory. They take no lease, so if a restarted creator replaced the memory, they would
   * continue with the old one. Therefore `createRegion` makes the memory `persistent` where the system can (Linux). Default false.
   */
  readonly foreign?: boolean
}

const OPTIONS = Object.keys({
  packed: true,
  length: true,
  overlap: true,
  consistency: true,
  foreign: true,
} satisfies Record<keyof StructOptions<string>, true>)

/**
 * Places a field of a struct at an explicit offset. The fields after it follow from there.
 *
 * @param offset bytes from the start of the struct, a whole number from 0 on; it need not be aligned
 * @throws RangeError for any other offset
 */
export function at<L extends AnyLayout>(offset: number, layout: L): PlacedField<L> {
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new RangeError(`offset ${offset} is not a whole number from 0 on`)
  return { offset, layout }
}

/** Gives each field its offset and the struct its length. */
export function place(name: string, fields: Fields, options: StructOptions<string>) {
  if (typeof name !== 'string') throw new TypeError(`struct: the name must be a string, not ${describe(name)}`)
  if (typeof fields !== 'object' || fields === null) {
    throw new TypeError(`struct ${name}: the fields must be an object, not ${describe(fields)}`)
  }
  const unknown = unknownField(options, OPTIONS, 'option')
  if (unknown !== undefined) throw unknown.toError(`struct ${name}`)
  const { packed = false, length, overlap = false, consistency } = options
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
  if (consistency !== undefined) checkConsistency(name, placed, consistency)
  if (length === undefined) return { placed, length: roundUp(furthest, alignment), alignment }
  checkCount(`length of struct ${name}`, length)
  if (furthest > length)
    throw new RangeError(`struct ${name}: its fields end at ${furthest}, beyond its length ${length}`)
  return { placed, length, alignment: length % alignment === 0 ? alignment : 1 }
}

const roundUp = (offset: number, step: number) => Math.ceil(offset / step) * step

/** Refuses names that an object does not keep in order (numbers come first in every object) or does not keep at all. */
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
    if (offsets.has(field.offset)) throw new TypeError(`struct ${name}: its two version words are the same field`)
    offsets.add(field.offset)
  }
}
