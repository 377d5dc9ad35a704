/**
 * Messages as JSON text, and back: nothing that a schema can hold is lost. The forms of single values are those of `json-value.ts`.
 *
 * A message that would not be an object is `{ "value": … }`, because viewers expect objects. Messages of `payload.json` and
 * MessagePack stay as they are.
 */

import type { FieldDescriptor, LayoutDescriptor, MemberDescriptor, PayloadDescriptor } from '@memlane/protocol'
import { bytesOf } from './json-scalars.js'
import { fromJson } from './json-value.js'
import { marked } from './marked-json.js'

// biome-ignore lint/suspicious/noExplicitAny: the value of a schema that is known only when the program runs
type Write = (value: any) => string

/** How messages of one schema are written as JSON and read from it. */
export interface JsonForm {
  readonly write: Write
  /**
   * Makes a value of what `JSON.parse` returned. Leaves what does not fit the schema as it is: the codec refuses it, and names the part.
   *
   * @throws TypeError if a message that lies in an object has none
   */
  readonly read: (json: unknown) => unknown
}

/** Makes the JSON form of a whole message. `write` is made once, so it is fast. */
export function messageJson(descriptor: PayloadDescriptor): JsonForm {
  const write = writerOf(descriptor)
  if (!isWrapped(descriptor)) return { write, read: (json) => fromJson(json, descriptor) }
  return {
    write: (value) => `{"value":${write(value)}}`,
    read: (json) => fromJson(objectIn(json).value, descriptor),
  }
}

/** Tells whether a message is written as `{ "value": … }`. */
export function isWrapped(descriptor: PayloadDescriptor): boolean {
  if (descriptor.kind !== 'payload') return descriptor.kind !== 'struct' && descriptor.kind !== 'union'
  return descriptor.encoding === 'bytes' || descriptor.encoding === 'utf8'
}

function writerOf(descriptor: PayloadDescriptor): Write {
  switch (descriptor.kind) {
    case 'union':
      return unionWriter(descriptor.members)
    case 'payload':
      return PAYLOADS[descriptor.encoding]
    case 'struct':
      return structWriter(descriptor.fields)
    case 'array':
      return arrayWriter(descriptor.element)
    case 'i64':
    case 'u64':
      return writeWide
    case 'f32':
    case 'f64':
      return writeFloat
    case 'bytes':
      return writeBytes
    default:
      return writePlain
  }
}

const writePlain: Write = (value) => JSON.stringify(value)
const writeWide: Write = (value: bigint) => `"${value}"`
const writeFloat: Write = (value: number) => {
  if (!Number.isFinite(value)) return `"${value}"`
  return Object.is(value, -0) ? '-0' : String(value)
}
const writeBytes: Write = (value: Uint8Array) => `"${bytesOf(value)}"`

const PAYLOADS = {
  bytes: writeBytes,
  utf8: writePlain,
  json: writePlain,
  messagepack: (value) => JSON.stringify(marked(value)),
} satisfies Record<string, Write>

function structWriter(fields: readonly FieldDescriptor[]): Write {
  const parts = fields.map(({ name, layout }, index) => {
    return { name, start: `${index === 0 ? '{' : ','}${JSON.stringify(name)}:`, write: writerOf(layout) }
  })
  return (value) => {
    let text = ''
    for (const { name, start, write } of parts) text += start + write(value[name])
    return `${text}}`
  }
}

function arrayWriter(element: LayoutDescriptor): Write {
  const write = writerOf(element)
  return (values: unknown[]) => `[${values.map((value) => write(value)).join(',')}]`
}

function unionWriter(members: readonly MemberDescriptor[]): Write {
  const writers = new Map(members.map(({ name, payload }) => [name, writerOf(payload)]))
  return ({ kind, value }) => `{"kind":${JSON.stringify(kind)},"value":${writers.get(kind)?.(value)}}`
}

function objectIn(json: unknown): { readonly value?: unknown } {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new TypeError('an object is expected')
  return json
}
