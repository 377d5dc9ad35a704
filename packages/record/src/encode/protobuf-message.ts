/**
 * The messages of Protocol Buffers that stand for a schema: names, numbers and types of their fields. `protobuf-schema.ts` writes
 * them as a FileDescriptorSet, `protobuf-form.ts` writes and reads values by them.
 *
 * | memlane | Protocol Buffers |
 * |---|---|
 * | i8, i16, i32; u8, u16, u32 | sint32; uint32 |
 * | i64; u64 | sint64; uint64 |
 * | f32; f64; bool | float; double; bool |
 * | text, `payload.utf8`, `payload.json` | string |
 * | bytes, `payload.bytes`, MessagePack | bytes |
 * | enumeration | the number in the type of its base, because enumerations of Protocol Buffers need the number 0 and unique names |
 * | struct | message |
 * | array | repeated; inside of an array or a union, a message with the repeated field `values` |
 * | union | message with a `oneof` that has a field for each member |
 *
 * A message that is no struct and no union has one field, `value`.
 */

import type { LayoutDescriptor, MemberDescriptor, PayloadDescriptor } from '@memlane/protocol'

export type ProtobufScalar =
  | 'sint32'
  | 'uint32'
  | 'sint64'
  | 'uint64'
  | 'float'
  | 'double'
  | 'bool'
  | 'string'
  | 'bytes'

/** A field: its number is its place in the message, counted from 1. */
export interface ProtobufField {
  /** The name in the schema of memlane. */
  readonly key: string
  /** The name in Protocol Buffers: letters, digits and underscores. */
  readonly name: string
  readonly type: ProtobufScalar | ProtobufMessage
  readonly repeated: boolean
  /** What the value is. */
  readonly payload: PayloadDescriptor
}

export interface ProtobufMessage {
  readonly name: string
  readonly fields: readonly ProtobufField[]
  /** True if at most one of the fields is there. */
  readonly oneof: boolean
}

/** Makes the message that stands for a schema. */
export function protobufMessageOf(descriptor: PayloadDescriptor, fallbackName: string): ProtobufMessage {
  return new MessageMaker().root(descriptor, fallbackName)
}

class MessageMaker {
  readonly #names = new Set<string>()

  root(descriptor: PayloadDescriptor, fallbackName: string): ProtobufMessage {
    if (descriptor.kind === 'struct') return this.#struct(descriptor)
    if (descriptor.kind === 'union') return this.#union(descriptor.members, fallbackName)
    return this.#message(fallbackName, false, [['value', descriptor]])
  }

  #struct({ name, fields }: LayoutDescriptor & { kind: 'struct' }): ProtobufMessage {
    return this.#message(
      name,
      false,
      fields.map((field) => [field.name, field.layout]),
    )
  }

  #union(members: readonly MemberDescriptor[], name: string): ProtobufMessage {
    return this.#message(
      name,
      true,
      members.map((member) => [member.name, member.payload]),
    )
  }

  #message(wanted: string, oneof: boolean, parts: readonly (readonly [string, PayloadDescriptor])[]): ProtobufMessage {
    const name = unique(wanted, this.#names)
    const names = new Set<string>()
    const fields = parts.map(([key, payload]): ProtobufField => {
      return { key, name: unique(key, names), payload, ...this.#type(payload, `${name}_${key}`, !oneof) }
    })
    return { name, fields, oneof }
  }

  #type(payload: PayloadDescriptor, name: string, mayRepeat: boolean): Pick<ProtobufField, 'type' | 'repeated'> {
    if (payload.kind === 'array' && mayRepeat) return { ...this.#type(payload.element, name, false), repeated: true }
    return { type: this.#single(payload, name), repeated: false }
  }

  #single(payload: PayloadDescriptor, name: string): ProtobufField['type'] {
    switch (payload.kind) {
      case 'struct':
        return this.#struct(payload)
      case 'union':
        return this.#union(payload.members, name)
      case 'array':
        return this.#message(name, false, [['values', payload]])
      case 'enumeration':
        return this.#single(payload.base, name)
      case 'payload':
        return payload.encoding === 'utf8' || payload.encoding === 'json' ? 'string' : 'bytes'
      default:
        return SCALARS[payload.kind]
    }
  }
}

const SCALARS = {
  i8: 'sint32',
  i16: 'sint32',
  i32: 'sint32',
  u8: 'uint32',
  u16: 'uint32',
  u32: 'uint32',
  i64: 'sint64',
  u64: 'uint64',
  f32: 'float',
  f64: 'double',
  bool: 'bool',
  text: 'string',
  bytes: 'bytes',
} as const satisfies Record<string, ProtobufScalar>

/** Makes a name of letters, digits and underscores that is not used yet. */
function unique(wanted: string, used: Set<string>): string {
  const plain = wanted.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?![A-Za-z_])/, '_')
  let name = plain
  for (let number = 2; used.has(name.toLowerCase()); number++) name = `${plain}_${number}`
  used.add(name.toLowerCase())
  return name
}
