/**
 * Conditions on messages: `price>100,symbol=ABC`. All of them must hold. They see the JSON that is printed.
 *
 * | operator | holds if the field |
 * |---|---|
 * | `=`, `!=` | is, is not the value |
 * | `<`, `<=`, `>`, `>=` | is less, … (numbers by value, text by its characters) |
 * | `~` | contains the text |
 *
 * `.` leads into objects and arrays: `position.x`, `levels.0`. A value with a comma or an operator stands in double quotes.
 */

import { UsageError } from './exit-code.js'

interface Condition {
  readonly path: string
  readonly operator: string
  readonly value: string
}

const CONDITION = /\s*([^=!<>~,"\s]+)\s*(!=|<=|>=|=|<|>|~)\s*("(?:[^"\\]|\\.)*"|[^=!<>~,"]*)\s*(,|$)/y

/**
 * Makes a test of conditions.
 *
 * @throws UsageError for a text that is no list of conditions
 */
export function where(text: string): (json: unknown) => boolean {
  const conditions = conditionsIn(text)
  return (json) => conditions.every((condition) => holds(condition, fieldAt(json, condition.path)))
}

/** Makes a function that picks fields: `symbol,position.x`. The result has the paths as keys; fields that are missing are null. */
export function fields(text: string): (json: unknown) => unknown {
  const paths = text.split(',').map((path) => path.trim())
  if (paths.includes('')) throw new UsageError(`--fields ${JSON.stringify(text)}: a name is empty.`)
  return (json) => Object.fromEntries(paths.map((path) => [path, fieldAt(json, path) ?? null]))
}

/** Returns a part of a JSON value, by its path. */
function fieldAt(json: unknown, path: string): unknown {
  let part = json
  for (const key of path.split('.')) {
    if (typeof part !== 'object' || part === null || !Object.hasOwn(part, key)) return undefined
    part = (part as Readonly<Record<string, unknown>>)[key]
  }
  return part
}

function conditionsIn(text: string): Condition[] {
  const conditions: Condition[] = []
  const pattern = new RegExp(CONDITION)
  for (let more = true; more; ) {
    const start = pattern.lastIndex
    const [, path, operator, value = '', comma] = pattern.exec(text) ?? []
    if (path === undefined || operator === undefined) {
      throw new UsageError(
        `${JSON.stringify(text.slice(start))} is no condition such as price>100 or symbol=ABC, joined by commas. ` +
          'Operators: = != < <= > >= ~',
      )
    }
    conditions.push({ path, operator, value: value.startsWith('"') ? unquoted(value) : value.trim() })
    more = comma === ','
  }
  return conditions
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, '$1')
}

function holds({ operator, value }: Condition, field: unknown): boolean {
  if (field === undefined) return operator === '!='
  const text = typeof field === 'object' ? JSON.stringify(field) : String(field)
  if (operator === '~') return text.includes(value)
  const order = compare(text, value)
  switch (operator) {
    case '=':
      return order === 0
    case '!=':
      return order !== 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    default:
      return order >= 0
  }
}

/** Compares 64-bit integers exactly, other numbers by value, and the rest as text. */
function compare(a: string, b: string): number {
  if (isInteger(a) && isInteger(b)) return sign(BigInt(a), BigInt(b))
  if (isNumber(a) && isNumber(b)) return sign(Number(a), Number(b))
  return sign(a, b)
}

const isInteger = (text: string) => /^-?\d{1,20}$/.test(text)
const isNumber = (text: string) => text !== '' && !Number.isNaN(Number(text))
const sign = <T extends bigint | number | string>(a: T, b: T) => (a === b ? 0 : a < b ? -1 : 1)
