/**
 * The messages of a call over NATS. `docs/guides/bridge.md` describes them for other programs.
 *
 * - A request goes to the subject of its procedure, with a reply subject. All its headers are optional.
 * - One answer is one reply without headers. A streamed answer is a reply for each part, numbered from 1, and an empty end.
 * - An error is a reply with the two headers of NATS services, and the error as JSON.
 * - Signs of life and parts carry a reply subject: the control subject of the call. There, the caller tells how many parts it has taken,
 *   which also tells that it still wants the answer, or cancels the call.
 */

/** Of a request: after so many milliseconds, the caller no longer wants the answer. */
export const TIMEOUT = 'Memlane-Timeout'
/** Of a request: the caller wants a message at least every so many milliseconds, and answers each on the control subject. */
export const HEARTBEAT = 'Memlane-Heartbeat'
/** Of a request: so many parts may be under way that the caller has not taken. */
export const WINDOW = 'Memlane-Window'
/** Of a reply: `running` for a sign of life, `end` for the end of a streamed answer. */
export const STATUS = 'Memlane-Status'
/** Of a part: its number, from 1. Of the end: the number after the last part. */
export const SEQUENCE = 'Memlane-Sequence'

/** In place of a procedure's name in a subject: a request there gets the descriptor of the API. */
export const API_TOKEN = '$api'

/** How often call-in wants a sign of life. */
export const HEARTBEAT_MS = 1000
/** Silence for so many heartbeats is the death of the other side. */
export const SILENT_HEARTBEATS = 5
/** How many parts call-in lets come ahead of its client. */
export const WINDOW_PARTS = 256

/** What a caller says on the control subject. */
export type ControlMessage = { readonly kind: 'taken'; readonly parts: number } | { readonly kind: 'cancel' }

const decoder = new TextDecoder()

export function controlText(message: ControlMessage): string {
  return message.kind === 'cancel' ? 'cancel' : `taken ${message.parts}`
}

/** Reads a control message. Undefined for anything else. */
export function controlIn(data: Uint8Array): ControlMessage | undefined {
  if (data.length > 32) return undefined
  const text = decoder.decode(data)
  if (text === 'cancel') return { kind: 'cancel' }
  const parts = /^taken (\d{1,15})$/.exec(text)?.[1]
  return parts === undefined ? undefined : { kind: 'taken', parts: Number(parts) }
}

/**
 * Reads a header that holds a whole number.
 *
 * @returns undefined if there is none
 * @throws RangeError for another value
 */
export function wholeNumberIn(name: string, text: string, least: number, most: number): number | undefined {
  if (text === '') return undefined
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new RangeError(`the header ${name} must be a whole number from ${least} to ${most}`)
}
