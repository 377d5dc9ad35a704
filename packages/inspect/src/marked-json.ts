/**
 * The JSON form of MessagePack, whose values no schema describes. A value that JSON lacks becomes an object with one key:
 *
 * | value | JSON |
 * |---|---|
 * | bigint | `{"$bigint":"12"}` |
 * | NaN, infinite, -0 | `{"$number":"NaN"}` |
 * | Date | `{"$date":"2026-01-31T12:00:00.000Z"}` |
 * | Uint8Array | `{"$bytes":"AQID"}`, in base64 |
 * | another typed array | `{"$Int16Array":[1,2]}`; the elements of 64 bits as strings |
 * | an object that looks like one of these | `{"$object":{"$date":1}}` |
 */

import { bytesIn, bytesOf, numberIn, numberOf } from './json-scalars.js'

type Elements = readonly (number | bigint)[]
interface TypedArrayClass {
  readonly name: string
  from(elements: Elements): object
}

const TYPED_ARRAYS = [
  ...[Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array],
  ...[BigInt64Array, BigUint64Array],
] as unknown as readonly TypedArrayClass[]

/** What each mark stands for. Undefined if the JSON behind the mark cannot be right. */
const READERS = new Map<string, (json: unknown) => unknown>([
  ['$bigint', (json) => (typeof json === 'string' && /^-?\d+$/.test(json) ? BigInt(json) : undefined)],
  ['$number', (json) => (typeof json === 'string' ? numberIn(json) : undefined)],
  ['$date', (json) => (typeof json === 'string' && !Number.isNaN(Date.parse(json)) ? new Date(json) : undefined)],
  ['$bytes', (json) => (typeof json === 'string' ? bytesIn(json) : undefined)],
  ['$object', (json) => (isPlain(json) ? mapValues(json, unmarked) : undefined)],
  ...TYPED_ARRAYS.map((type) => [`$${type.name}`, (json: unknown) => elementsIn(json, type)] as const),
])

/** Makes the JSON form of a value that came as MessagePack. */
export function marked(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) }
  if (typeof value === 'number') {
    const json = numberOf(value)
    return typeof json === 'string' ? { $number: json } : json
  }
  if (Array.isArray(value)) return value.map(marked)
  if (value instanceof Date) return { $date: value.toISOString() }
  if (value instanceof Uint8Array) return { $bytes: bytesOf(value) }
  if (ArrayBuffer.isView(value)) return { [`$${value.constructor.name}`]: elementsOf(value as unknown as Elements) }
  if (!isPlain(value)) return value
  const json = mapValues(value, marked)
  return markOf(json) === undefined ? json : { $object: json }
}

/** Makes the value that a JSON form stands for. An object with an unknown mark stays an object. */
export function unmarked(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(unmarked)
  if (!isPlain(json)) return json
  const mark = markOf(json)
  const value = mark === undefined ? undefined : READERS.get(mark)?.(json[mark])
  return value === undefined ? mapValues(json, unmarked) : value
}

function markOf(json: Readonly<Record<string, unknown>>): string | undefined {
  const [key, second] = Object.keys(json)
  return key !== undefined && second === undefined && READERS.has(key) ? key : undefined
}

function elementsOf(array: Elements): unknown[] {
  return Array.from(array, (element) => (typeof element === 'bigint' ? String(element) : numberOf(element)))
}

function elementsIn(json: unknown, type: TypedArrayClass): object | undefined {
  if (!Array.isArray(json)) return undefined
  const isBig = type.name.startsWith('Big')
  const elements = json.map((each) => {
    if (typeof each === 'number') return isBig ? undefined : each
    if (typeof each !== 'string') return undefined
    if (!isBig) return numberIn(each)
    return /^-?\d+$/.test(each) ? BigInt(each) : undefined
  })
  return elements.includes(undefined) ? undefined : type.from(elements as Elements)
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mapValues(object: Readonly<Record<string, unknown>>, change: (value: unknown) => unknown) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))
}
