/**
 * The note of a queue's slot: what its consumer writes while it gives the message back (kind `RETURNING`).
 *
 * | note            | width | meaning                                                                               |
 * |-----------------|-------|---------------------------------------------------------------------------------------|
 * | +0  generation  | u32   | the generation of the slot's word. A note of another generation says nothing            |
 * | +4  length      | u32   | bytes of the reason                                                                     |
 * | +8  notBefore   | f64   | nobody takes the message before this time: milliseconds of the system's steady clock    |
 * | +16 reason      | 112   | UTF-8                                                                                   |
 */

import { decodeText } from '../codec/utf8.js'
import { NOTE_LENGTH } from '../slots/slots-layout.js'

const GENERATION_OFFSET = 0
const REASON_LENGTH_OFFSET = 4
const NOT_BEFORE_OFFSET = 8
const REASON_OFFSET = 16
/** Bytes of the longest reason; the rest of a longer one is cut off. */
const MAX_REASON_LENGTH = NOTE_LENGTH - REASON_OFFSET

const encoder = new TextEncoder()

export function writeNote(data: DataView, offset: number, generation: number, notBefore: number, reason: string): void {
  const target = new Uint8Array(data.buffer, data.byteOffset + offset + REASON_OFFSET, MAX_REASON_LENGTH)
  const { written } = encoder.encodeInto(reason, target)
  data.setUint32(offset + REASON_LENGTH_OFFSET, written, true)
  data.setFloat64(offset + NOT_BEFORE_OFFSET, notBefore, true)
  data.setUint32(offset + GENERATION_OFFSET, generation, true) // last: a death before it leaves a note that says nothing
}

/** The time before which nobody may take the message; 0 if the note says nothing about this generation. */
export function notBeforeIn(data: DataView, offset: number, generation: number): number {
  if (data.getUint32(offset + GENERATION_OFFSET, true) !== generation) return 0
  const time = data.getFloat64(offset + NOT_BEFORE_OFFSET, true)
  return Number.isFinite(time) ? time : 0
}

/** The reason; undefined if the note says nothing about this generation, or is no text. */
export function reasonIn(data: DataView, offset: number, generation: number): string | undefined {
  if (data.getUint32(offset + GENERATION_OFFSET, true) !== generation) return undefined
  const length = data.getUint32(offset + REASON_LENGTH_OFFSET, true)
  if (length > MAX_REASON_LENGTH) return undefined
  try {
    return decodeText(data, offset + REASON_OFFSET, length)
  } catch {
    return undefined
  }
}
