import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import {
  type DescriptorProtoSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FieldDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt'
import type { ProtobufField, ProtobufMessage, ProtobufScalar } from './protobuf-message.js'

const PACKAGE = 'memlane'

const TYPES: Record<ProtobufScalar, FieldDescriptorProto_Type> = {
  sint32: FieldDescriptorProto_Type.SINT32,
  uint32: FieldDescriptorProto_Type.UINT32,
  sint64: FieldDescriptorProto_Type.SINT64,
  uint64: FieldDescriptorProto_Type.UINT64,
  float: FieldDescriptorProto_Type.FLOAT,
  double: FieldDescriptorProto_Type.DOUBLE,
  bool: FieldDescriptorProto_Type.BOOL,
  string: FieldDescriptorProto_Type.STRING,
  bytes: FieldDescriptorProto_Type.BYTES,
}

/** A schema of Protocol Buffers, as MCAP files hold it. */
export interface ProtobufSchema {
  /** The full name of the message. */
  readonly name: string
  /** An encoded FileDescriptorSet. */
  readonly data: Uint8Array
}

/** Describes a message, and those that it contains, in proto3. */
export function protobufSchemaOf(message: ProtobufMessage): ProtobufSchema {
  const messageType = messagesIn(message).map(describe)
  const file = { name: `${message.name}.proto`, package: PACKAGE, syntax: 'proto3', messageType }
  const data = toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [file] }))
  return { name: `${PACKAGE}.${message.name}`, data }
}

function messagesIn(message: ProtobufMessage): ProtobufMessage[] {
  const inner = message.fields.map(({ type }) => type).filter((type) => typeof type === 'object')
  return [message, ...inner.flatMap(messagesIn)]
}

function describe({ name, fields, oneof }: ProtobufMessage): MessageInitShape<typeof DescriptorProtoSchema> {
  const field = fields.map((each, index) => describeField(each, index + 1, oneof))
  return { name, field, ...(oneof && { oneofDecl: [{ name: 'kind_of_value' }] }) }
}

function describeField(
  { key, name, type, repeated }: ProtobufField,
  number: number,
  oneof: boolean,
): MessageInitShape<typeof FieldDescriptorProtoSchema> {
  const label = repeated ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL
  const place = { name, jsonName: key, number, label, ...(oneof && { oneofIndex: 0 }) }
  if (typeof type === 'string') return { ...place, type: TYPES[type] }
  return { ...place, type: FieldDescriptorProto_Type.MESSAGE, typeName: `.${PACKAGE}.${type.name}` }
}
