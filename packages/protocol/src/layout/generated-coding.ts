/**
 * Generates the functions of a struct as JavaScript, each without a loop or a call for numbers and booleans. This is what it makes of
 * the fields `{ id: u32, name: utf8(8) }`:
 *
 *   checkAndPut(view, offset, value) {
 *     if (typeof value === 'object' && value !== null) {
 *       const v0 = value["id"]
 *       const v1 = value["name"]
 *       let count = 0
 *       for (const name in value) count++
 *       if (count <= 2 && typeof v0 === 'number' && v0 >>> 0 === v0 && check1(v1) === undefined) {
 *         view.setUint32(offset, v0, true)
 *         put1(view, offset + 4, v1)
 *         return
 *       }
 *     }
 *     slow.checkAndPut(view, offset, value)
 *   }
 *
 * Closures share code with those of all other structs, so V8 sees many types there once a program has several structs. Generated
 * code belongs to one struct (decision 13 has the figures).
 *
 * - Each field of the object itself is read once, so a getter cannot give one number to the check and another to the write. Objects
 *   and arrays in a field are read twice, by the `check` and the `put` of the field's layout. Getters in there can change what is written,
 *   but not where: `put` keeps to its field. Closures do the same.
 * - Generated code writes the value that it checked. All other values go to the closures, which check them again and throw the error.
 * - No name gets into the source unquoted, and every offset there is a whole number.
 */

import { SCALAR_SOURCES, type ScalarSource } from './scalar-source.js'
import type { NamedField, StructCoding } from './struct-fields.js'

/** V8 does not optimise functions of more than 60 KiB of bytecode. A field takes up to about 80 bytes. */
const MOST_FIELDS = 512

/**
 * Returns `slow` where the program may not make code from strings: Node's option `--disallow-code-generation-from-strings`, the
 * Content-Security-Policy of a page and `codeGeneration` of a vm context forbid it, even later.
 *
 * @param slow the same functions as closures
 */
export function generateCoding(fields: readonly NamedField[], slow: StructCoding): StructCoding {
  if (fields.length > MOST_FIELDS || !fields.every(({ offset }) => Number.isSafeInteger(offset))) return slow
  try {
    return new Function('slow', 'fields', sourceOf(fields))(slow, fields)
  } catch {
    return slow
  }
}

function sourceOf(fields: readonly NamedField[]): string {
  const placed = fields.map(({ name, offset, layout }, index) => ({
    key: JSON.stringify(name),
    local: `v${index}`,
    at: offset === 0 ? 'offset' : `offset + ${offset}`,
    source: SCALAR_SOURCES.get(layout) ?? callsOf(index),
  }))
  const called = fields.flatMap(({ layout }, index) =>
    SCALAR_SOURCES.has(layout)
      ? []
      : `const { check: check${index}, put: put${index}, read: read${index} } = fields[${index}].layout`,
  )
  const load = placed.map(({ key, local }) => `const ${local} = value[${key}]`)
  const store = placed.map(({ at, local, source }) => source.put(at, local))
  const fits = [`count <= ${fields.length}`, ...placed.map(({ local, source }) => source.fits(local))].join(' && ')
  const count = ['let count = 0', 'for (const name in value) count++']
  const isObject = "typeof value === 'object' && value !== null"
  return lines(
    ...["'use strict'", ...called],
    'return {',
    `check(value) {`,
    ...[`if (${isObject}) {`, ...load, ...count, `if (${fits}) return undefined`, '}'],
    'return slow.check(value)',
    '},',
    'put(view, offset, value) {',
    ...[...load, ...store],
    '},',
    'read(view, offset) {',
    `return { ${placed.map(({ key, at, source }) => `${key}: ${source.read(at)}`).join(', ')} }`,
    '},',
    'checkAndPut(view, offset, value) {',
    ...[`if (${isObject}) {`, ...load, ...count, `if (${fits}) {`, ...store, 'return', '}', '}'],
    'slow.checkAndPut(view, offset, value)',
    '},',
    '}',
  )
}

const lines = (...all: string[]) => all.join('\n')

/** Calls the functions of a field's layout. */
function callsOf(index: number): ScalarSource {
  return {
    fits: (value) => `check${index}(${value}) === undefined`,
    put: (offset, value) => `put${index}(view, ${offset}, ${value})`,
    read: (offset) => `read${index}(view, ${offset})`,
  }
}
