/** The headers of a message that a bridge publishes. */

import { headers, type MsgHdrs } from '@nats-io/nats-core'
import type { WireEncoding } from '../config/route-config.js'

/** JetStream drops a second message with the same value. */
export const MESSAGE_ID = 'Nats-Msg-Id'
/** The bridge that published the message. It does not take it in again. */
export const ORIGIN = 'Memlane-Origin'
/** 16 hexadecimal digits: see SchemaStore. */
export const SCHEMA = 'Memlane-Schema'
/** The instance of the memory, "/", and the number of the lane or of the producer. */
export const PRODUCER = 'Memlane-Producer'
/** When the bridge read the message: milliseconds since 1970, as decimal digits. */
export const TIME = 'Memlane-Time'
/** How often workers of other machines had got a job that none of them finished, as decimal digits. */
export const DELIVERIES = 'Memlane-Deliveries'
export const CONTENT_TYPE = 'Content-Type'

export const CONTENT_TYPES: Readonly<Record<WireEncoding, string>> = {
  json: 'application/json',
  messagepack: 'application/msgpack',
  raw: 'application/vnd.memlane',
}

/** What a bridge tells about a message. */
export interface MessageFacts {
  readonly id?: string
  readonly origin: string
  readonly schema: string
  readonly producer: string
  readonly encoding: WireEncoding
}

export function headersOf({ id, origin, schema, producer, encoding }: MessageFacts): MsgHdrs {
  const result = headers()
  if (id !== undefined) result.set(MESSAGE_ID, id)
  result.set(ORIGIN, origin)
  result.set(SCHEMA, schema)
  result.set(PRODUCER, producer)
  result.set(TIME, String(Date.now()))
  result.set(CONTENT_TYPE, CONTENT_TYPES[encoding])
  return result
}

/** The encoding that a message names. Messages of other programs are taken for JSON. */
export function encodingIn(found: MsgHdrs | undefined): WireEncoding {
  const type = found?.get(CONTENT_TYPE)
  if (type === CONTENT_TYPES.raw) return 'raw'
  return type === CONTENT_TYPES.messagepack ? 'messagepack' : 'json'
}
