/**
 * Values as JSON, and back: nothing that a schema can hold is lost.
 *
 * | value | JSON |
 * |---|---|
 * | integers up to 32 bits, floats, booleans, texts | as they are |
 * | integers of 64 bits | a string of digits: readers of JSON round such numbers |
 * | NaN, Infinity, -Infinity | a string, as in the JSON of Protocol Buffers |
 * | bytes | a string in base64 |
 * | enumerations | the name; a number without a name as a number |
 * | arrays, structs | an array, an object |
 * | unions | `{ "kind": …, "value": … }` |
 * | MessagePack | as `tagged-json.ts` says |
 *
 * A message that would not be an object is `{ "value": … }`, because viewers expect objects. Messages of `payload.json` and
 * MessagePack stay as they are.
 */

import type { FieldDescriptor, LayoutDescriptor, MemberDescriptor, PayloadDescriptor } from '@memlane/protocol'
import { fromBase64, toBase64 } from './base64.js'
import { fromTaggedJson, toTaggedJson } from './tagged-json.js'

/** How values of one schema are written as JSON and read from it. */
export interface JsonForm {
  // biome-ignore lint/suspicious/noExplicitAny: the value of a schema that is known only when the program runs
  readonly write: (value: any) => string
  /**
   * @param json what `JSON.parse` returned
   * @throws TypeError or SyntaxError if it has another form
   */
  readonly read: (json: unknown) => unknown
}

/** Makes the JSON form of a whole message. */
export function messageJson(descriptor: PayloadDescriptor): JsonForm {
  const form = jsonForm(descriptor)
  if (!isWrapped(descriptor)) return form
  return {
    write: (value) => `{"value":${form.write(value)}}`,
    read: (json) => form.read(objectIn(json).value),
  }
}

/** Tells whether a message is written as `{ "value": … }`. */
export function isWrapped(descriptor: PayloadDescriptor): boolean {
  if (descriptor.kind !== 'payload') return descriptor.kind !== 'struct' && descriptor.kind !== 'union'
  return descriptor.encoding === 'bytes' || descriptor.encoding === 'utf8'
}

function jsonForm(descriptor: PayloadDescriptor): JsonForm {
  switch (descriptor.kind) {
    case 'union':
      return unionForm(descriptor.members)
    case 'payload':
      return PAYLOADS[descriptor.encoding]
    case 'struct':
      return structForm(descriptor.fields)
    case 'array':
      return arrayForm(descriptor.element)
    case 'i64':
    case 'u64':
      return WIDE
    case 'f32':
    case 'f64':
      return FLOAT
    case 'bytes':
      return BYTES
    default:
      return PLAIN
  }
}

const PLAIN: JsonForm = { write: (value) => JSON.stringify(value), read: (json) => json }

const WIDE: JsonForm = { write: (value: bigint) => `"${value}"`, read: (json) => BigInt(json as string) }

const FLOAT: JsonForm = {
  write(value: number) {
    if (!Number.isFinite(value)) return `"${value}"`
    return Object.is(value, -0) ? '-0' : String(value)
  },
  read: (json) => (typeof json === 'string' ? Number(json) : json),
}

const BYTES: JsonForm = {
  write: (value: Uint8Array) => `"${toBase64(value)}"`,
  read: (json) => fromBase64(json),
}

const PAYLOADS = {
  bytes: BYTES,
  utf8: PLAIN,
  json: PLAIN,
  messagepack: { write: (value) => JSON.stringify(toTaggedJson(value)), read: fromTaggedJson },
} satisfies Record<string, JsonForm>

function structForm(fields: readonly FieldDescriptor[]): JsonForm {
  const parts = fields.map(({ name, layout }, index) => {
    return { name, start: `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`, ...jsonForm(layout) }
  })
  return {
    write(value) {
      let text = ''
      for (const { name, start, write } of parts) text += start + write(value[name])
      return `${text}}`
    },
    read(json) {
      const object = objectIn(json)
      const value: Record<string, unknown> = {}
      for (const { name, read } of parts) value[name] = read(object[name])
      return value
    },
  }
}

function arrayForm(element: LayoutDescriptor): JsonForm {
  const { write, read } = jsonForm(element)
  return {
    write: (values: unknown[]) => `[${values.map((value) => write(value)).join(',')}]`,
    read(json) {
      if (!Array.isArray(json)) throw new TypeError('an array is expected')
      return json.map((value) => read(value))
    },
  }
}

function unionForm(members: readonly MemberDescriptor[]): JsonForm {
  const forms = new Map(members.map(({ name, payload }) => [name, jsonForm(payload)]))
  const formOf = (kind: unknown) => {
    const form = forms.get(kind as string)
    if (form === undefined) throw new TypeError(`${JSON.stringify(kind)} is no member of the union`)
    return form
  }
  return {
    write: ({ kind, value }) => `{"kind":${JSON.stringify(kind)},"value":${formOf(kind).write(value)}}`,
    read(json) {
      const { kind, value } = objectIn(json)
      return { kind, value: formOf(kind).read(value) }
    },
  }
}

function objectIn(json: unknown): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new TypeError('an object is expected')
  return json as Record<string, unknown>
}
