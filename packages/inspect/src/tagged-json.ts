/**
 * Values of MessagePack as JSON, and back. A value that JSON does not have becomes an object with one key, in the form that the
 * command line prints:
 *
 * | value | JSON |
 * |---|---|
 * | bigint | `{"$bigint":"12"}` |
 * | NaN, Infinity, -Infinity, -0 | `{"$number":"NaN"}` |
 * | Date | `{"$date":"2026-01-31T12:00:00.000Z"}` |
 * | Uint8Array | `{"$bytes":"AQID"}`, in base64 |
 * | another typed array | `{"$Int16Array":[1,2]}`, with its elements in the form of this table |
 * | an object that looks like one of these | `{"$object":{"$date":1}}` |
 */

import { fromBase64, toBase64 } from './base64.js'

type Elements = readonly (number | bigint)[]

const TYPED_ARRAYS = [
  ...[Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array],
  ...[BigInt64Array, BigUint64Array],
] as unknown as readonly { readonly name: string; from(elements: Elements): object }[]

/** What each tag stands for. */
const READERS = new Map<string, (json: unknown) => unknown>([
  ['$bigint', (json) => BigInt(json as string)],
  ['$number', (json) => Number(json)],
  ['$date', (json) => new Date(json as string)],
  ['$bytes', fromBase64],
  ['$object', (json) => plainFromJson(json as object)],
  ...TYPED_ARRAYS.map((type) => [`$${type.name}`, (json: unknown) => type.from(elementsIn(json))] as const),
])

/** Turns a value of MessagePack into a value that JSON holds. */
export function toTaggedJson(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return { $bigint: String(value) }
    case 'number':
      if (Object.is(value, -0)) return { $number: '-0' }
      return Number.isFinite(value) ? value : { $number: String(value) }
    case 'object':
      return value === null ? null : objectToJson(value)
    default:
      return value
  }
}

function objectToJson(value: object): unknown {
  if (Array.isArray(value)) return value.map(toTaggedJson)
  if (value instanceof Date) return { $date: value.toISOString() }
  if (value instanceof Uint8Array) return { $bytes: toBase64(value) }
  if (ArrayBuffer.isView(value)) {
    return { [`$${value.constructor.name}`]: Array.from(value as unknown as Elements, elementToJson) }
  }
  const json = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toTaggedJson(inner)]))
  return tagOf(json) === undefined ? json : { $object: json }
}

/** The class tells what a string stands for. */
function elementToJson(element: number | bigint): unknown {
  if (typeof element === 'bigint' || !Number.isFinite(element)) return String(element)
  return Object.is(element, -0) ? '-0' : element
}

/**
 * Turns it back.
 *
 * @throws an error for a tag without its value
 */
export function fromTaggedJson(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map(fromTaggedJson)
  const tag = tagOf(json)
  return tag === undefined ? plainFromJson(json) : READERS.get(tag)?.((json as Record<string, unknown>)[tag])
}

function plainFromJson(json: object): unknown {
  return Object.fromEntries(Object.entries(json).map(([key, inner]) => [key, fromTaggedJson(inner)]))
}

function elementsIn(json: unknown): Elements {
  return (json as readonly (number | string)[]).map((each) => (typeof each === 'string' ? numberIn(each) : each))
}

function numberIn(text: string): number | bigint {
  return /^-?[1-9]\d*$|^0$/.test(text) ? BigInt(text) : Number(text)
}

function tagOf(object: object): string | undefined {
  const keys = Object.keys(object)
  return keys.length === 1 && READERS.has(keys[0] as string) ? keys[0] : undefined
}
