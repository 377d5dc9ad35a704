import type { McapTypes } from '@mcap/core'
import { messageJson, Payload } from '@memlane/inspect/internal'
import type { PayloadDescriptor } from '@memlane/protocol'
import { encodeDescriptor } from '@memlane/protocol/internal'
import { messageJsonSchema } from './json-schema.js'
import { protobufForm } from './protobuf-form.js'
import { protobufMessageOf } from './protobuf-message.js'
import { protobufSchemaOf } from './protobuf-schema.js'

/**
 * How messages lie in a recording.
 *
 * - `json`: JSON with a JSON Schema.
 * - `protobuf`: Protocol Buffers, with a FileDescriptorSet.
 * - `raw`: the bytes as they were in memory, with memlane's descriptor as the schema. Other programs cannot show them.
 */
export type Encoding = 'json' | 'protobuf' | 'raw'

/** The name of memlane's own encoding in MCAP files, for messages and schemas. */
const RAW = 'x-memlane'

/** A message as an observer sees it. */
interface MessageInMemory {
  /** Decodes the message. */
  readonly value: unknown
  readonly payload: DataView
}

/** Writes the messages of one channel into a recording, and reads them back. */
export interface MessageEncoding {
  /** What the messages are in memory. */
  readonly descriptor: PayloadDescriptor
  /** The name of the encoding in the file. */
  readonly messageEncoding: string
  readonly schema: Omit<McapTypes.Schema, 'id'>
  /**
   * Turns a message of the memory into what the file holds. The result may be a part of the message.
   *
   * @throws LayoutError if the bytes are no value of the schema
   */
  readonly record: (message: MessageInMemory) => Uint8Array
  /**
   * Reads a recorded message as a plain value.
   *
   * @throws an error if the recorded bytes are no such message
   */
  readonly valueIn: (recorded: Uint8Array) => unknown
  /**
   * Turns a recorded message into the bytes that it has in memory.
   *
   * @throws as `valueIn`; TypeError or RangeError for a value that does not fit the schema
   */
  readonly bytesOf: (recorded: Uint8Array) => Uint8Array
}

/**
 * Makes the encoding of a channel.
 *
 * @param name the name of the schema in the file, if the schema has none itself
 * @throws LayoutError `CORRUPT` for a descriptor that memlane cannot have written
 */
export function messageEncoding(encoding: Encoding, descriptor: PayloadDescriptor, name: string): MessageEncoding {
  const payload = new Payload(descriptor)
  const schemaName = descriptor.kind === 'struct' ? descriptor.name : name
  switch (encoding) {
    case 'raw':
      return {
        descriptor,
        messageEncoding: RAW,
        schema: { name: schemaName, encoding: RAW, data: encodeDescriptor(descriptor) },
        record: ({ payload: { buffer, byteOffset, byteLength } }) => new Uint8Array(buffer, byteOffset, byteLength),
        valueIn: (recorded) => payload.decode(recorded),
        bytesOf: (recorded) => recorded,
      }
    case 'json': {
      const { write, read } = messageJson(descriptor)
      const valueIn = (recorded: Uint8Array) => read(JSON.parse(decoder.decode(recorded)))
      return {
        descriptor,
        messageEncoding: 'json',
        schema: { name: schemaName, encoding: 'jsonschema', data: encodeJson(messageJsonSchema(descriptor)) },
        record: ({ value }) => Buffer.from(write(value)),
        valueIn,
        bytesOf: (recorded) => payload.encode(valueIn(recorded)),
      }
    }
    case 'protobuf': {
      const message = protobufMessageOf(descriptor, schemaName)
      const { write, read } = protobufForm(message, descriptor, (inner) => new Payload(inner))
      return {
        descriptor,
        messageEncoding: 'protobuf',
        schema: { encoding: 'protobuf', ...protobufSchemaOf(message) },
        record: ({ value }) => write(value),
        valueIn: read,
        bytesOf: (recorded) => payload.encode(read(recorded)),
      }
    }
  }
}

/** Returns the encoding by its name in the file, or undefined for that of another program. */
export function encodingNamed(messageEncoding: string): Encoding | undefined {
  if (messageEncoding === RAW) return 'raw'
  return messageEncoding === 'json' || messageEncoding === 'protobuf' ? messageEncoding : undefined
}

const decoder = new TextDecoder('utf-8', { fatal: true })

function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}
