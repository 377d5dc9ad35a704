/** How a call over NATS fails, and how the error travels: as JSON, `{ name, message, code?, data? }`. */

import { SharedMemoryError } from '@memlane/core'
import { RemoteError } from '@memlane/producer'
import type { Msg } from '@nats-io/nats-core'
import { SERVICE_ERROR, SERVICE_ERROR_CODE } from './nats-service.js'

/** Why a call failed, as numbers of HTTP: this is the code that tools of NATS show. */
export const FAILED = {
  /** The request does not fit the schema, or a header is wrong. */
  refused: 400,
  /** The caller knows another API, and sends raw bytes. */
  otherSchema: 409,
  /** The handler has thrown, or its server died. */
  handler: 500,
  /** No server has taken the call now. The caller can try again. */
  unavailable: 503,
  timedOut: 504,
} as const

const MAX_HEADER_LENGTH = 400
const decoder = new TextDecoder('utf-8', { fatal: true })

/** An error of a call over NATS. The local client gets its `name`, `message`, `code` and `data`. */
export class CallFailure extends Error {
  /** One of FAILED, or what another service has sent. */
  readonly status: number
  readonly code: string | number | undefined
  readonly data: unknown

  constructor(status: number, message: string, parts: { name?: string; code?: string | number; data?: unknown }) {
    super(message)
    this.name = parts.name ?? 'Error'
    this.status = status
    this.code = parts.code
    this.data = parts.data
  }

  /** True if no server has taken the call, and another attempt may succeed. */
  get isUntaken(): boolean {
    return this.status === FAILED.unavailable && takenIn(this.data) === false
  }

  /** True if the service or its server has died during the call. */
  get isDeath(): boolean {
    return this.code === 'DIED' && takenIn(this.data) === true
  }

  /** The two headers of NATS services hold the status and the message, in one line. */
  get headerText(): string {
    return this.message.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_HEADER_LENGTH) || this.name
  }

  /** The JSON of the error; without its data, and with a shorter message, if that is longer than `most` bytes. */
  encode(most: number): Uint8Array {
    const { name, message, code, data } = this
    const encoded = Buffer.from(JSON.stringify({ name, message, code, data }))
    if (encoded.length <= most) return encoded
    return Buffer.from(JSON.stringify({ name: name.slice(0, 100), message: message.slice(0, 200), code }))
  }
}

/** An error that memlane or the bridge itself makes. */
export function bridgeFailure(status: number, code: string, message: string, taken: boolean): CallFailure {
  const outcome = taken ? 'The procedure may have run.' : 'The procedure did not run.'
  const text = message.endsWith(outcome) ? message : `${message} ${outcome}`
  return new CallFailure(status, text, { name: 'SharedMemoryError', code, data: { taken } })
}

/** Turns the error of a local call into one that travels. */
export function failureOf(error: unknown, procedure: string, isIdempotent: boolean): CallFailure {
  if (error instanceof CallFailure) return error
  if (error instanceof RemoteError) {
    const { name, message, code, data } = error
    return new CallFailure(FAILED.handler, message, { name, ...(code !== undefined && { code }), data })
  }
  if (error instanceof SharedMemoryError) {
    const taken = takenIn(error) === true
    switch (error.code) {
      case 'TIMED_OUT':
        return bridgeFailure(FAILED.timedOut, 'TIMED_OUT', error.message, taken)
      case 'CLOSED': {
        // The bridge has given up its local client: all servers have left, or the bridge stops.
        if (taken && !isIdempotent) {
          const message = `the bridge stopped before ${procedure} had answered.`
          return bridgeFailure(FAILED.handler, 'DIED', message, true)
        }
        return bridgeFailure(FAILED.unavailable, 'NO_SERVER', `no server takes this call of ${procedure}.`, false)
      }
      default:
        return bridgeFailure(FAILED.handler, error.code, error.message, taken)
    }
  }
  if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) {
    return refusal(error)
  }
  return new CallFailure(FAILED.handler, String(error), {})
}

/** The error of a request that cannot be run. */
export function refusal(error: unknown): CallFailure {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  return new CallFailure(FAILED.refused, message, { name, code: 'REFUSED', data: { taken: false } })
}

/**
 * Reads the error in a reply of any service. Its bytes may be anything.
 *
 * @returns undefined for a reply that is no error
 */
export function failureIn(reply: Msg): CallFailure | undefined {
  const status = reply.headers?.get(SERVICE_ERROR_CODE)
  if (!status) return undefined
  const said = reply.headers?.get(SERVICE_ERROR) || `the service has answered with error ${status}`
  const { name, message, code, data } = errorParts(reply.data)
  return new CallFailure(Number.parseInt(status, 10) || FAILED.handler, typeof message === 'string' ? message : said, {
    ...(typeof name === 'string' && { name }),
    code: typeof code === 'string' || typeof code === 'number' ? code : status,
    data,
  })
}

function errorParts(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(decoder.decode(bytes))
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function takenIn(data: unknown): unknown {
  return typeof data === 'object' && data !== null && 'taken' in data ? data.taken : undefined
}
