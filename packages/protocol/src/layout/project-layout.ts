/**
 * Projects a reader's layout onto the layout that the memory has: the result reads the reader's fields, with the reader's own
 * functions, at the memory's offsets. Fields that only the memory has are left out.
 *
 * Two layouts have the same type if a value of one reads as the same value by the other:
 *
 * | kind        | same type                                                                                        |
 * |-------------|--------------------------------------------------------------------------------------------------|
 * | number      | the same kind: `u32` is not `i32`                                                                |
 * | bool, bytes | the same length                                                                                  |
 * | text        | the same encoding and length; the terminator concerns only writers                               |
 * | enumeration | the same base; no name has two numbers, and no number has two names. Names on one side only are   |
 * |             | fine: a number without a name reads as a number                                                  |
 * | array       | the same count, and elements of the same type; they may lie further apart                        |
 * | struct      | the same name, and each field that the reader declares exists with the same type, at any offset  |
 *
 * Alignments and version words are not compared.
 */

import { array } from './array.js'
import { sameJson } from './canonical-json.js'
import { Difference } from './difference.js'
import { at, type PlacedField } from './field-placement.js'
import type { AnyLayout, FieldDescriptor, LayoutDescriptor } from './layout.js'
import { type AnyStructLayout, struct } from './struct.js'

/**
 * Makes the layout that reads a reader's fields from the memory.
 *
 * @param there the memory's layout, already checked: fields lie inside their struct
 * @returns the reader's own layout if the offsets and lengths are the same; the first difference if the types are not
 */
export function projectLayout(there: LayoutDescriptor, layout: AnyLayout): AnyLayout | Difference {
  const here = layout.descriptor
  const different = new Difference(there, here)
  switch (there.kind) {
    case 'struct':
      if (here.kind !== 'struct' || here.name !== there.name) return different
      if ('fields' in layout) return projectStruct(there.fields, there.length, layout as AnyStructLayout)
      break
    case 'array':
      if (here.kind !== 'array' || here.count !== there.count) return different
      if (layout.element !== undefined) return projectArray(there.element, there.count, layout, layout.element)
      break
    case 'enumeration':
      if (here.kind !== 'enumeration' || !sameJson(here.base, there.base)) return different
      return nameDifference(there.names, here.names) ?? layout
    case 'text':
      if (here.kind !== 'text' || here.encoding !== there.encoding || here.length !== there.length) return different
      return layout
    default:
      return here.kind === there.kind && here.length === there.length ? layout : different
  }
  // A struct or an array that the program has made by itself: nothing tells how to read it at other offsets.
  return sameJson(there, here) ? layout : different
}

function projectStruct(
  found: readonly FieldDescriptor[],
  length: number,
  layout: AnyStructLayout,
): AnyLayout | Difference {
  const byName = new Map(found.map((field) => [field.name, field]))
  const fields: Record<string, PlacedField> = {}
  let isMoved = length !== layout.length
  for (const [name, declared] of Object.entries(layout.fields as Record<string, PlacedField>)) {
    const field = byName.get(name)
    if (field === undefined) return new Difference(undefined, declared.layout.descriptor).within(name)
    const projected = projectLayout(field.layout, declared.layout)
    if (projected instanceof Difference) return projected.within(name)
    if (projected !== declared.layout || field.offset !== declared.offset) isMoved = true
    fields[name] = at(field.offset, projected)
  }
  return isMoved ? struct(layout.name, fields, { length, overlap: true }) : layout
}

function projectArray(
  found: LayoutDescriptor,
  count: number,
  layout: AnyLayout,
  element: AnyLayout,
): AnyLayout | Difference {
  const projected = projectLayout(found, element)
  if (projected instanceof Difference) return projected.within(0)
  return projected === element ? layout : array(projected, count)
}

type Names = Readonly<Record<string, number>>

function nameDifference(there: Names, here: Names): Difference | undefined {
  const found = new Map(Object.entries(there))
  const declared = new Map(Object.entries(here))
  for (const [name, number] of declared) {
    const other = found.get(name)
    if (other === number) continue
    if (other !== undefined) return new Difference(other, number, name)
    // A name that only the reader has. The memory may not use its number for names that the reader does not know.
    const names = [...found].filter((entry) => entry[1] === number).map(([foreign]) => foreign)
    if (names.length > 0 && names.every((foreign) => declared.get(foreign) !== number))
      return new Difference(names[0], name, number)
  }
  return undefined
}
