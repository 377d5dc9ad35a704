import { headers, type Msg, type MsgHdrs } from '@nats-io/nats-core'
import type { WireEncoding } from '../../config/route-config.js'
import { CONTENT_TYPE, CONTENT_TYPES, encodingIn, ORIGIN, SCHEMA } from '../../message/headers.js'
import { HEARTBEAT, TIMEOUT, WINDOW, wholeNumberIn } from './call-wire.js'

/** What the headers of a request say. */
export interface CallRequest {
  readonly encoding: WireEncoding
  /** Milliseconds; undefined for no limit. */
  readonly timeoutMs: number | undefined
  /** How often the caller wants a message, in milliseconds; undefined if it does not listen for signs of life. */
  readonly heartbeatMs: number | undefined
  /** How many parts may be under way; undefined if the caller does not count. */
  readonly window: number | undefined
  /** The hash of the API that the caller knows; empty if it does not say. */
  readonly schema: string
}

export function requestHeaders(
  { encoding, timeoutMs, heartbeatMs, window, schema }: CallRequest,
  origin: string,
): MsgHdrs {
  const result = headers()
  result.set(CONTENT_TYPE, CONTENT_TYPES[encoding])
  result.set(ORIGIN, origin)
  result.set(SCHEMA, schema)
  if (timeoutMs !== undefined) result.set(TIMEOUT, String(timeoutMs))
  if (heartbeatMs !== undefined) result.set(HEARTBEAT, String(heartbeatMs))
  if (window !== undefined) result.set(WINDOW, String(window))
  return result
}

/**
 * Reads the headers of a request. They may be anything.
 *
 * @param encoding that of requests that name none
 * @throws RangeError or Error for a wrong header
 */
export function requestIn(message: Msg, encoding: WireEncoding): CallRequest {
  const found = message.headers
  if (found === undefined) {
    return { encoding, timeoutMs: undefined, heartbeatMs: undefined, window: undefined, schema: '' }
  }
  return {
    encoding: found.has(CONTENT_TYPE) ? encodingIn(found) : encoding,
    timeoutMs: wholeNumberIn(TIMEOUT, found.get(TIMEOUT), 0, 2 ** 31 - 1),
    heartbeatMs: wholeNumberIn(HEARTBEAT, found.get(HEARTBEAT), 100, 60_000),
    window: wholeNumberIn(WINDOW, found.get(WINDOW), 1, 4096),
    schema: found.get(SCHEMA),
  }
}
