/**
 * The JSON form of values: the same for printing and for sending.
 *
 * | value | JSON |
 * |---|---|
 * | 64-bit integer | its digits as a string: `"9007199254740993"` |
 * | bytes | base64 in a string |
 * | NaN, infinite, -0 | `"NaN"`, `"Infinity"`, `"-Infinity"`, `"-0"` |
 * | name of an enumeration | the name; a number without a name stays a number |
 * | union | `{ "kind": …, "value": … }` |
 *
 * A schema tells which strings are numbers or bytes. MessagePack has no schema, so its values carry a mark: see `marked-json.ts`.
 */

import type { LayoutDescriptor, PayloadDescriptor } from '@memlane/protocol'
import { bytesIn, bytesOf, numberIn, numberOf } from './json-scalars.js'
import { marked, unmarked } from './marked-json.js'

/** Makes the JSON form of a decoded value. */
export function toJson(value: unknown, descriptor: PayloadDescriptor): unknown {
  return converted(value, descriptor, PRINTING)
}

/**
 * Makes the value that a JSON form stands for. Leaves what does not fit the descriptor as it is: the codec refuses it, and names the
 * part.
 */
export function fromJson(json: unknown, descriptor: PayloadDescriptor): unknown {
  return converted(json, descriptor, SENDING)
}

/** One of both directions. */
interface Direction {
  integer(value: unknown): unknown
  float(value: unknown): unknown
  bytes(value: unknown): unknown
  messagepack(value: unknown): unknown
}

const PRINTING: Direction = {
  integer: (value) => (typeof value === 'bigint' ? String(value) : value),
  float: (value) => (typeof value === 'number' ? numberOf(value) : value),
  bytes: (value) => (value instanceof Uint8Array ? bytesOf(value) : value),
  messagepack: marked,
}

const SENDING: Direction = {
  integer: (value) => {
    if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value)
    return Number.isSafeInteger(value) ? BigInt(value as number) : value
  },
  float: (value) => (typeof value === 'string' ? (numberIn(value) ?? value) : value),
  bytes: (value) => (typeof value === 'string' ? (bytesIn(value) ?? value) : value),
  messagepack: unmarked,
}

function converted(value: unknown, descriptor: PayloadDescriptor, to: Direction): unknown {
  switch (descriptor.kind) {
    case 'payload':
      if (descriptor.encoding === 'bytes') return to.bytes(value)
      return descriptor.encoding === 'messagepack' ? to.messagepack(value) : value
    case 'union': {
      if (!isObject(value)) return value
      const member = descriptor.members.find(({ name }) => name === value.kind)
      return member === undefined ? value : { ...value, value: converted(value.value, member.payload, to) }
    }
    default:
      return convertedLayout(value, descriptor, to)
  }
}

function convertedLayout(value: unknown, layout: LayoutDescriptor, to: Direction): unknown {
  switch (layout.kind) {
    case 'i64':
    case 'u64':
      return to.integer(value)
    case 'f32':
    case 'f64':
      return to.float(value)
    case 'bytes':
      return to.bytes(value)
    case 'array':
      return Array.isArray(value) ? value.map((element) => convertedLayout(element, layout.element, to)) : value
    case 'struct': {
      if (!isObject(value)) return value
      const result = { ...value }
      for (const { name, layout: field } of layout.fields) {
        if (Object.hasOwn(result, name)) result[name] = convertedLayout(result[name], field, to)
      }
      return result
    }
    default:
      return value
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
