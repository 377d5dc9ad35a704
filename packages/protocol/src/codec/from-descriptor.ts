/**
 * Makes a schema from its descriptor, for readers that learn from the memory what the messages are.
 *
 * Any process may have written the descriptor, so nothing in it is trusted. Each part is made by the function that declares it
 * (`struct`, `array`, …), which refuses what no declaration can have. The result must then describe itself by the very same bytes:
 * this checks all lengths, alignments and keys at once. Limited are the nesting, the number of parts, the length of a
 * message, and the bytes of all its fields. Generated code contains names only in quotes: see
 * `layout/generated-coding.ts`.
 */

import { array } from '../layout/array.js'
import { bytes } from '../layout/bytes.js'
import { enumeration } from '../layout/enumeration.js'
import { at, type PlacedField } from '../layout/field-placement.js'
import type { AnyLayout, LayoutDescriptor } from '../layout/layout.js'
import { LayoutError } from '../layout/layout-error.js'
import { bool, bool32, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64 } from '../layout/scalar.js'
import { struct } from '../layout/struct.js'
import { text } from '../layout/text.js'
import { bytes as bytesPayload } from './bytes.js'
import type { AnyCodec, PayloadDescriptor, PayloadEncoding, Schema } from './codec.js'
import { codecOf } from './codec-of.js'
import { decodeDescriptor, encodeDescriptor, isSameDescriptor } from './descriptor.js'
import { ENCODINGS } from './encodings.js'
import { union } from './union.js'

const MAX_DEPTH = 64
/** Fields, elements and members. A struct takes about 0.1 ms to make. */
const MAX_PARTS = 4096
const MAX_LENGTH = 2 ** 32
/** Fields may share bytes. So a short message could read as gigabytes. */
const MAX_OVERLAPPING_LENGTH = 2 ** 24
const MAX_REASON_LENGTH = 200

const NUMBERS = new Map<unknown, AnyLayout>(
  [i8, u8, i16, u16, i32, u32, i64, u64, f32, f64].map((layout) => [layout.descriptor.kind, layout]),
)

type Json = Readonly<Record<string, unknown>>

/**
 * Decodes and checks the descriptor of a schema.
 *
 * @param encoded a private copy of its bytes
 * @param offset where they lie in the memory, for the error
 * @throws LayoutError `CORRUPT` for bytes that describe no schema, or not in the only spelling
 */
export function checkedDescriptor(encoded: Uint8Array, offset: number): PayloadDescriptor {
  return schemaOf(encoded, offset).descriptor
}

/**
 * Makes the codec of messages whose descriptor the memory holds: plain objects, and views, with the names of the descriptor.
 *
 * @param encoded a private copy of the descriptor's bytes
 * @param offset where they lie in the memory, for the error
 * @throws LayoutError as `checkedDescriptor`; TypeError if MessagePack is needed and was not imported
 */
export function codecFromDescriptor(encoded: Uint8Array, offset: number): AnyCodec {
  const schema = schemaOf(encoded, offset)
  checkReadable(schema.descriptor, offset)
  return codecOf(schema)
}

function schemaOf(encoded: Uint8Array, offset: number): Schema {
  const found = decoded(encoded, offset)
  const schema = new SchemaMaker(offset).schema(found, '', 0)
  const expected = encodeDescriptor(schema.descriptor)
  if (isSameDescriptor(encoded, expected)) return schema
  throw corrupt(offset, firstDifference(found, schema.descriptor, '') ?? 'it is not spelled as memlane spells it')
}

function decoded(encoded: Uint8Array, offset: number): unknown {
  try {
    return decodeDescriptor(encoded)
  } catch {
    throw corrupt(offset, 'it is not JSON in UTF-8')
  }
}

/** Makes layouts and codecs, from the outside in. */
class SchemaMaker {
  readonly #offset: number
  #parts = 0

  constructor(offset: number) {
    this.#offset = offset
  }

  schema(found: unknown, path: string, depth: number): Schema {
    const { kind, encoding, members } = this.#object(found, path)
    if (kind === 'payload') return this.#payload(encoding, path)
    if (kind !== 'union') return this.layout(found, path, depth)
    const made = this.#named(members, path, 'members', depth, (member, name, at) => {
      return [name, this.schema(member.payload, `${at}.payload`, depth + 1)]
    })
    return this.#attempt(path, () => union(Object.fromEntries(made)))
  }

  layout(found: unknown, path: string, depth: number): AnyLayout {
    const layout = this.#attempt(path, () => this.#layout(this.#object(found, path), path, depth))
    if (layout.length > MAX_LENGTH) throw this.#corrupt(path, `${layout.length} bytes are too many`)
    return layout
  }

  #layout(found: Json, path: string, depth: number): AnyLayout {
    const { kind, length, alignment, encoding, terminator, element, count, base, names, name, fields } = found
    const number = NUMBERS.get(kind)
    if (number !== undefined) return number
    switch (kind) {
      case 'bool':
        return length === 4 ? bool32 : bool
      case 'bytes':
        return bytes(length as number)
      case 'text':
        return text(encoding as never, length as number, { terminator: terminator as never })
      case 'enumeration':
        return enumeration(this.#inner(base, under(path, 'base'), depth), names as Record<string, number>)
      case 'array':
        return array(this.#inner(element, under(path, 'element'), depth), count as number)
      case 'struct': {
        const placed = this.#named(fields, path, 'fields', depth, (field, fieldName, place): [string, PlacedField] => {
          return [fieldName, at(field.offset as number, this.layout(field.layout, `${place}.layout`, depth + 1))]
        })
        return struct(name as string, Object.fromEntries(placed), {
          length: length as number,
          overlap: true,
          packed: alignment === 1,
          ...('consistency' in found && { consistency: found.consistency as never }),
        })
      }
      default:
        throw this.#corrupt(path, `kind: ${show(kind)} is no kind of payload`)
    }
  }

  #inner(found: unknown, path: string, depth: number): AnyLayout {
    this.#count(path, depth)
    return this.layout(found, path, depth + 1)
  }

  #payload(encoding: unknown, path: string): AnyCodec {
    const known = ENCODINGS.get(encoding as PayloadEncoding)
    if (known !== undefined) return known()
    if (encoding === 'messagepack') return { ...bytesPayload, descriptor: { kind: 'payload', encoding } }
    throw this.#corrupt(path, `encoding: ${show(encoding)} is no encoding of payloads`)
  }

  /** Makes the parts of a list whose names must differ. */
  #named<T>(
    list: unknown,
    path: string,
    key: string,
    depth: number,
    make: (part: Json, name: string, path: string) => T,
  ): T[] {
    if (!Array.isArray(list)) throw this.#corrupt(path, `${key}: expected a list, not ${show(list)}`)
    const names = new Set<unknown>()
    return list.map((each, index) => {
      const place = `${under(path, key)}[${index}]`
      this.#count(place, depth)
      const part = this.#object(each, place)
      if (typeof part.name !== 'string') throw this.#corrupt(place, `name: ${show(part.name)} is no name`)
      if (names.has(part.name)) throw this.#corrupt(place, 'its name occurs twice')
      names.add(part.name)
      return make(part, part.name, place)
    })
  }

  #count(path: string, depth: number): void {
    if (depth >= MAX_DEPTH) throw this.#corrupt(path, `it is nested more than ${MAX_DEPTH} deep`)
    if (++this.#parts > MAX_PARTS) throw this.#corrupt(path, `it has more than ${MAX_PARTS} parts`)
  }

  #object(found: unknown, path: string): Json {
    if (typeof found === 'object' && found !== null && !Array.isArray(found)) return found as Json
    throw this.#corrupt(path, `expected an object, not ${show(found)}`)
  }

  /** Calls a function that declares a part. Reports its errors as `CORRUPT`. */
  #attempt<T>(path: string, make: () => T): T {
    try {
      return make()
    } catch (error) {
      if (error instanceof LayoutError) throw error
      throw this.#corrupt(path, error instanceof Error ? error.message : String(error))
    }
  }

  #corrupt(path: string, reason: string): LayoutError {
    return corrupt(this.#offset, path === '' ? reason : `${path}: ${reason}`)
  }
}

/** @throws if this process cannot read such messages, or only with far more memory than they have */
function checkReadable(descriptor: PayloadDescriptor, offset: number): void {
  switch (descriptor.kind) {
    case 'union':
      for (const { payload } of descriptor.members) checkReadable(payload, offset)
      return
    case 'payload':
      if (ENCODINGS.has(descriptor.encoding)) return
      throw new TypeError(
        "its messages are MessagePack: import 'memlane/messagepack' before they are read without a schema, or pass a schema",
      )
    default: {
      const total = readLength(descriptor)
      if (total <= Math.max(descriptor.length, MAX_OVERLAPPING_LENGTH)) return
      throw corrupt(offset, `its fields share bytes: a message of ${descriptor.length} bytes would read as ${total}`)
    }
  }
}

/** Bytes of all fields, of which some may share bytes. */
function readLength(layout: LayoutDescriptor): number {
  if (layout.kind === 'array') return layout.count * readLength(layout.element)
  if (layout.kind !== 'struct') return layout.length
  return layout.fields.reduce((sum, field) => sum + readLength(field.layout), 0)
}

/** Finds the first part that differs from what it must be. The nesting is limited already, except in keys that must not be there. */
function firstDifference(found: unknown, expected: unknown, path: string): string | undefined {
  if (typeof found !== 'object' || found === null || typeof expected !== 'object' || expected === null) {
    return Object.is(found, expected) ? undefined : `${path}: expected ${show(expected)}, not ${show(found)}`
  }
  for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
    const inner = Array.isArray(expected) ? `${path}[${key}]` : under(path, key)
    const difference = firstDifference((found as Json)[key], (expected as Json)[key], inner)
    if (difference !== undefined) return difference
  }
  return undefined
}

function under(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

/** Shows a value of JSON. Converts no object, because its own `toString` may be anything. */
function show(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value)
}

/** Makes an error that stays short and shows no control characters, whatever the memory holds. */
function corrupt(offset: number, reason: string): LayoutError {
  const shown = reason.slice(0, MAX_REASON_LENGTH).replace(/[^\x20-\x7e]/g, '?')
  return new LayoutError('CORRUPT', offset, `its schema is wrong: ${shown}`)
}
