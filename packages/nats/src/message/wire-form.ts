import { messageJson, Payload } from '@memlane/inspect/internal'
import type { PayloadDescriptor } from '@memlane/protocol'
import { messagepack } from '@memlane/protocol/messagepack'
import type { WireEncoding } from '../config/route-config.js'

/** How messages of one schema lie in messages of NATS. */
export interface WireForm {
  /**
   * @param bytes a message as it lies in memory
   * @throws LayoutError if they are no value of the schema
   */
  readonly toWire: (bytes: Uint8Array) => Uint8Array
  /**
   * @returns a plain value
   * @throws an error if the bytes are no such message
   */
  readonly valueIn: (wire: Uint8Array) => unknown
  /** Encodes a plain value. @throws TypeError or RangeError for a value that does not fit the schema */
  readonly fromValue: (value: unknown) => Uint8Array
}

const anything = new Payload(messagepack().descriptor)
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * Makes the wire form of a schema.
 *
 * @throws LayoutError `CORRUPT` for a descriptor that memlane cannot have written
 */
export function wireForm(descriptor: PayloadDescriptor, encoding: WireEncoding): WireForm {
  const payload = new Payload(descriptor)
  switch (encoding) {
    case 'raw':
      return {
        toWire: (bytes) => bytes,
        valueIn: (wire) => payload.decode(wire),
        fromValue: (value) => payload.encode(value),
      }
    case 'messagepack':
      return {
        toWire: (bytes) => anything.encode(payload.decode(bytes)),
        valueIn: (wire) => anything.decode(wire),
        fromValue: (value) => anything.encode(value),
      }
    case 'json': {
      const { write, read } = messageJson(descriptor)
      const fromValue = (value: unknown) => Buffer.from(write(value))
      return {
        toWire: (bytes) => fromValue(payload.decode(bytes)),
        valueIn: (wire) => read(JSON.parse(decoder.decode(wire))),
        fromValue,
      }
    }
  }
}
