/**
 * The header fields that only a channel of calls has, after those that every channel has:
 *
 *   36  capacity           u32   how many slots each client owns: a power of two
 *   40  maxRequestLength   u32   bytes of the longest request
 *   44  maxAnswerLength    u32   bytes of the longest answer
 *   48  maxClients         u16   how many producer places there are
 *   50  maxServers         u16   how many consumer places there are
 *   52  0                  u32
 *
 * Clients are the producers of slots-layout.ts, and servers its consumers. The payload of a slot has two parts: the answer comes first,
 * beside the state word, because a client looks at both; the request begins at the next multiple of 64. So a request stays whole while its
 * answer is written, and another server can process it. What the client says of the request lies in the slot's header:
 *
 * | slot               | width           | meaning                                                                   | writer |
 * |--------------------|-----------------|---------------------------------------------------------------------------|--------|
 * | +4   procedure     | u32             | its number in the API: the first one has 0 (the base of queues)            | client |
 * | +8   length        | u32             | bytes of the request                                                       | client |
 * | +16  deadline      | f64             | when the answer is no longer wanted: milliseconds of the steady clock; 0: never | client |
 * | +24  answer length | u32             | bytes of the answer, or of all parts                                       | server |
 * | +28  status        | u32             | of an answer: see call-word.ts                                             | server |
 * | +32  answer        | maxAnswerLength | the answer, an error, or parts (see answer-parts.ts)                       | server |
 * | ...  request       | maxRequestLength| at the next multiple of 64                                                 | client |
 */

import type { ChannelHeader } from '../channel/shape.js'
import { u16, u32 } from '../layout/scalar.js'
import { struct } from '../layout/struct.js'
import { SLOT_HEADER_LENGTH, type SlotDimensions, wrongSlotDimension } from '../slots/slots-layout.js'

/** The header fields that only a channel of calls has. */
export interface CallFields {
  readonly capacity: number
  readonly maxRequestLength: number
  readonly maxAnswerLength: number
  readonly maxClients: number
  readonly maxServers: number
}

export type CallHeader = ChannelHeader & CallFields

const Fields = struct('CallFields', {
  capacity: u32,
  maxRequestLength: u32,
  maxAnswerLength: u32,
  maxClients: u16,
  maxServers: u16,
})

/** Reads and writes the fields. What it reads is not checked yet. */
export const callFields = {
  read: (view: DataView, offset: number): CallFields => Fields.read(view, offset),
  write(view: DataView, offset: number, fields: CallFields): void {
    const { capacity, maxRequestLength, maxAnswerLength, maxClients, maxServers } = fields
    Fields.write(view, offset, { capacity, maxRequestLength, maxAnswerLength, maxClients, maxServers })
  },
}

const REQUEST_ALIGNMENT = 64
// From a slot's word: in words, and in bytes.
export const PROCEDURE = 1
export const ANSWER_LENGTH = 6
export const STATUS = 7
export const ANSWER_OFFSET = 32
/** Errors travel as answers: so many bytes have room for a name, a code and a sentence. */
export const MIN_ANSWER_LENGTH = 224
const MAX_LENGTH = 2 ** 30

/** Bytes from a slot's word to its request. */
export function requestOffset({ maxAnswerLength }: CallFields): number {
  return Math.ceil((ANSWER_OFFSET + maxAnswerLength) / REQUEST_ALIGNMENT) * REQUEST_ALIGNMENT
}

/** The dimensions of the slots. */
export function slotDimensions(fields: CallFields): SlotDimensions {
  const { capacity, maxRequestLength, maxClients, maxServers } = fields
  const maxMessageLength = requestOffset(fields) - SLOT_HEADER_LENGTH + maxRequestLength
  return { capacity, maxMessageLength, maxProducers: maxClients, maxConsumers: maxServers }
}

/** Tells what is wrong with the fields; `undefined` if a channel of calls can have them. */
export function wrongCallField(fields: CallFields): string | undefined {
  const { maxRequestLength, maxAnswerLength, maxClients, maxServers } = fields
  return (
    wrongNumber('maxRequestLength', maxRequestLength, 1, MAX_LENGTH) ??
    wrongNumber('maxAnswerLength', maxAnswerLength, MIN_ANSWER_LENGTH, MAX_LENGTH) ??
    wrongNumber('maxClients', maxClients, 1, 64) ??
    wrongNumber('maxServers', maxServers, 1, 32) ??
    wrongSlotDimension(slotDimensions(fields))
  )
}

function wrongNumber(name: string, value: number, least: number, most: number): string | undefined {
  if (Number.isInteger(value) && value >= least && value <= most) return undefined
  return `${name} ${value} is not a whole number from ${least} to ${most}`
}
