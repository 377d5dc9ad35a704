/**
 * The JSON Schema of the messages that `json-form.ts` writes. Viewers such as Foxglove know only a part of JSON Schema, so each value
 * has one plain `type`.
 */

import { isWrapped } from '@memlane/inspect/internal'
import type { LayoutDescriptor, PayloadDescriptor, PayloadEncoding } from '@memlane/protocol'

type JsonSchema = { readonly [key: string]: unknown }

/** Describes a whole message. */
export function messageJsonSchema(descriptor: PayloadDescriptor): JsonSchema {
  const schema = schemaOf(descriptor)
  const whole = isWrapped(descriptor) ? objectOf([['value', schema]]) : schema
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...whole }
}

function schemaOf(descriptor: PayloadDescriptor): JsonSchema {
  switch (descriptor.kind) {
    case 'payload':
      return PAYLOADS[descriptor.encoding]
    case 'union':
      return {
        ...objectOf([['kind', { type: 'string', enum: descriptor.members.map(({ name }) => name) }]]),
        description: 'value: as kind says',
        oneOf: descriptor.members.map(({ name, payload }) => ({
          properties: { kind: { const: name }, value: schemaOf(payload) },
          required: ['kind', 'value'],
        })),
      }
    default:
      return layoutSchema(descriptor)
  }
}

const BYTES: JsonSchema = { type: 'string', contentEncoding: 'base64' }
const PAYLOADS: Record<PayloadEncoding, JsonSchema> = {
  bytes: BYTES,
  utf8: { type: 'string' },
  json: { type: 'object' },
  messagepack: {
    type: 'object',
    description: 'values of MessagePack that JSON does not have are objects with one key',
  },
}

function layoutSchema(layout: LayoutDescriptor): JsonSchema {
  switch (layout.kind) {
    case 'struct':
      return { title: layout.name, ...objectOf(layout.fields.map((field) => [field.name, layoutSchema(field.layout)])) }
    case 'array': {
      const { element, count } = layout
      return { type: 'array', items: layoutSchema(element), minItems: count, maxItems: count }
    }
    case 'bytes':
      return BYTES
    case 'text':
      return { type: 'string' }
    case 'enumeration':
      return {
        type: 'string',
        description: `one of ${Object.keys(layout.names).join(', ')}; another number as a number`,
      }
    case 'bool':
      return { type: 'boolean' }
    case 'i64':
    case 'u64':
      return { type: 'string', format: layout.kind === 'i64' ? 'int64' : 'uint64', pattern: '^-?[0-9]+$' }
    case 'f32':
    case 'f64':
      return { type: 'number', description: 'NaN and infinite numbers as strings' }
    default:
      return { type: 'integer' }
  }
}

function objectOf(properties: readonly (readonly [name: string, schema: JsonSchema])[]): JsonSchema {
  return { type: 'object', properties: Object.fromEntries(properties), required: properties.map(([name]) => name) }
}
