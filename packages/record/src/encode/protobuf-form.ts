/** Values as messages of Protocol Buffers, and back. Repeated numbers are packed. */

import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import type { Payload } from '@memlane/inspect/internal'
import type { PayloadDescriptor } from '@memlane/protocol'
import type { ProtobufField, ProtobufMessage, ProtobufScalar } from './protobuf-message.js'

type Write = (writer: BinaryWriter, value: unknown) => void
type Read = (reader: BinaryReader, length: number) => unknown

/** How values of one schema are written as a message and read from it. */
export interface ProtobufForm {
  readonly write: (value: unknown) => Uint8Array
  /** @throws an error for bytes that are no such message */
  readonly read: (bytes: Uint8Array) => unknown
}

/** Makes the form of a whole message. */
export function protobufForm(
  message: ProtobufMessage,
  descriptor: PayloadDescriptor,
  payloadOf: PayloadOf,
): ProtobufForm {
  const { write, read } = new FormMaker(payloadOf).message(message)
  const isWrapped = descriptor.kind !== 'struct' && descriptor.kind !== 'union'
  return {
    write(value) {
      const writer = new BinaryWriter()
      write(writer, isWrapped ? { value } : value)
      return writer.finish()
    },
    read(bytes) {
      const value = read(new BinaryReader(bytes), bytes.length)
      return isWrapped ? (value as { value: unknown }).value : value
    },
  }
}

/** Makes the coder of a payload of any length, for MessagePack. */
export type PayloadOf = (descriptor: PayloadDescriptor) => Payload

interface Form {
  readonly write: Write
  readonly read: Read
}

class FormMaker {
  readonly #payloadOf: PayloadOf

  constructor(payloadOf: PayloadOf) {
    this.#payloadOf = payloadOf
  }

  message({ fields, oneof }: ProtobufMessage): Form {
    const parts = fields.map((field, index) => ({ ...field, ...this.#field(field, index + 1) }))
    const byKey = new Map(parts.map((part) => [part.key, part]))
    const write: Write = (writer, value) => {
      for (const part of parts) part.writeField(writer, (value as Record<string, unknown>)[part.key])
    }
    const writeMember: Write = (writer, message) => {
      const { kind, value } = message as { kind: string; value: unknown }
      byKey.get(kind)?.writeField(writer, value)
    }
    const read = (reader: BinaryReader, length: number) => {
      const value: Record<string, unknown> = {}
      let kind: string | undefined
      for (const { key, initial } of oneof ? [] : parts) value[key] = initial()
      for (const end = reader.pos + length; reader.pos < end; ) {
        const [number, wireType] = reader.tag()
        const part = parts[number - 1]
        if (part === undefined) {
          reader.skip(wireType, number)
          continue
        }
        kind = part.key
        value[kind] = part.readField(reader, wireType, value[kind])
      }
      return oneof ? { kind, value: kind === undefined ? undefined : value[kind] } : value
    }
    return { write: oneof ? writeMember : write, read }
  }

  #field(field: ProtobufField, number: number) {
    const { type, repeated, payload } = field
    const form = this.#converted(typeof type === 'string' ? SCALARS[type] : this.#nested(type), field)
    const wireType = typeof type === 'string' ? WIRE_TYPES[type] : WireType.LengthDelimited
    const initial = () => (repeated ? [] : typeof type === 'string' ? form.initial : undefined)
    const readOne = (reader: BinaryReader) => form.read(reader, 0)
    if (!repeated) {
      const writeField: Write = (writer, value) => form.write(writer.tag(number, wireType), value)
      return { initial, writeField, readField: readOne }
    }
    const isPacked = wireType !== WireType.LengthDelimited
    const writeField: Write = (writer, values) => {
      if (isPacked) writer.tag(number, WireType.LengthDelimited).fork()
      for (const value of values as unknown[]) form.write(isPacked ? writer : writer.tag(number, wireType), value)
      if (isPacked) writer.join()
    }
    const readField = (reader: BinaryReader, found: WireType, before: unknown) => {
      const values = before as unknown[]
      if (!isPacked || found !== WireType.LengthDelimited) values.push(readOne(reader))
      else for (const end = reader.uint32() + reader.pos; reader.pos < end; ) values.push(readOne(reader))
      return values
    }
    return { initial, writeField, readField, payload }
  }

  #nested(message: ProtobufMessage): Form & { readonly initial: undefined } {
    const { write, read } = this.message(message)
    return {
      write(writer, value) {
        writer.fork()
        write(writer, value)
        writer.join()
      },
      read: (reader) => read(reader, reader.uint32()),
      initial: undefined,
    }
  }

  /** What lies between a value and its scalar. */
  #converted(form: Form & { readonly initial: unknown }, { payload, repeated, type }: ProtobufField) {
    const part = repeated && payload.kind === 'array' ? payload.element : payload
    const convert = (to: (value: unknown) => unknown, from: (value: unknown) => unknown) => ({
      write: ((writer, value) => form.write(writer, to(value))) satisfies Write,
      read: ((reader, length) => from(form.read(reader, length))) satisfies Read,
      initial: form.initial,
    })
    if (part.kind === 'enumeration') {
      const numbers = new Map(Object.entries(part.names))
      const names = new Map([...numbers].reverse().map(([name, number]) => [number, name]))
      return convert(
        (value) => (typeof value === 'string' ? numbers.get(value) : value),
        (number) => names.get(number as number) ?? number,
      )
    }
    // An array that could not be repeated is a message with the field `values`.
    if (part.kind === 'array' && typeof type === 'object') {
      return convert(
        (values) => ({ values }),
        (message) => (message as { values: unknown }).values,
      )
    }
    if (part.kind === 'payload' && part.encoding === 'json')
      return convert(JSON.stringify, (text) => JSON.parse(text as string))
    if (part.kind === 'payload' && part.encoding === 'messagepack') {
      const coder = this.#payloadOf(part)
      return convert(
        (value) => coder.encode(value),
        (bytes) => coder.decode(bytes as Uint8Array),
      )
    }
    return form
  }
}

const WIRE_TYPES: Record<ProtobufScalar, WireType> = {
  sint32: WireType.Varint,
  uint32: WireType.Varint,
  sint64: WireType.Varint,
  uint64: WireType.Varint,
  float: WireType.Bit32,
  double: WireType.Bit64,
  bool: WireType.Varint,
  string: WireType.LengthDelimited,
  bytes: WireType.LengthDelimited,
}

function scalar<Value>(
  write: (writer: BinaryWriter, value: Value) => unknown,
  read: (reader: BinaryReader) => Value,
  initial: Value,
): Form & { readonly initial: unknown } {
  return { write: write as Write, read, initial }
}

const SCALARS: Record<ProtobufScalar, Form & { readonly initial: unknown }> = {
  sint32: scalar(
    (writer, value: number) => writer.sint32(value),
    (reader) => reader.sint32(),
    0,
  ),
  uint32: scalar(
    (writer, value: number) => writer.uint32(value),
    (reader) => reader.uint32(),
    0,
  ),
  sint64: scalar(
    (writer, value: bigint) => writer.sint64(value),
    (reader) => BigInt(reader.sint64()),
    0n,
  ),
  uint64: scalar(
    (writer, value: bigint) => writer.uint64(value),
    (reader) => BigInt(reader.uint64()),
    0n,
  ),
  float: scalar(
    (writer, value: number) => writer.float(value),
    (reader) => reader.float(),
    0,
  ),
  double: scalar(
    (writer, value: number) => writer.double(value),
    (reader) => reader.double(),
    0,
  ),
  bool: scalar(
    (writer, value: boolean) => writer.bool(value),
    (reader) => reader.bool(),
    false,
  ),
  string: scalar(
    (writer, value: string) => writer.string(value),
    (reader) => reader.string(),
    '',
  ),
  bytes: scalar(
    (writer, value: Uint8Array) => writer.bytes(value),
    (reader) => reader.bytes(),
    new Uint8Array(0),
  ),
}
