import type { Msg } from '@nats-io/nats-core'
import type { WireEncoding } from '../config/route-config.js'
import { encodingIn, ORIGIN, SCHEMA } from './headers.js'

/** What the headers of a message tell about its content. */
export interface ReceivedFacts {
  /** The bridge that has sent it; undefined for other programs. */
  readonly origin: string | undefined
  /** The hash of its schema, unchecked. */
  readonly schema: string | undefined
  readonly encoding: WireEncoding
}

/** Where the client keeps the bytes of a message that are not decoded yet. */
interface UndecodedMessage {
  readonly _rdata?: Uint8Array
  readonly _msg?: { readonly hdr?: number }
}

const NOTHING: ReceivedFacts = { origin: undefined, schema: undefined, encoding: 'json' }
/** Lines that differ in each message, and tell nothing here. */
const CHANGING = /\r\n(?:Nats-Msg-Id|Memlane-Time):[^\r]*/g

let lastText: string | undefined
let lastFacts = NOTHING

/**
 * Reads the facts of a message. Most messages have the same headers as the one before, apart from a number and a time: their lines are
 * compared and not decoded, because the client's header object costs more than all the rest.
 */
export function factsOf(message: Msg): ReceivedFacts {
  const { _rdata: bytes, _msg } = message as UndecodedMessage
  const length = _msg?.hdr
  if (bytes === undefined || length === undefined) return decoded(message)
  if (length <= 0) return NOTHING
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1').replace(CHANGING, '')
  if (text !== lastText) {
    lastFacts = decoded(message)
    lastText = text
  }
  return lastFacts
}

function decoded({ headers }: Msg): ReceivedFacts {
  if (headers === undefined) return NOTHING
  return {
    origin: headers.get(ORIGIN) || undefined,
    schema: headers.get(SCHEMA) || undefined,
    encoding: encodingIn(headers),
  }
}
