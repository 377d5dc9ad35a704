/**
 * The header fields that only a queue has, after those that every channel has:
 *
 *   36  capacity           u32   how many slots each producer owns: a power of two
 *   40  maxMessageLength   u32   bytes of the longest message
 *   44  maxProcessingMs    u32   after so many milliseconds, a message is taken away from its consumer; 0: never
 *   48  maxDeliveries      u16   after so many deliveries, a message becomes a dead letter
 *   50  maxDeadLetters     u16   how many dead letters each producer keeps when it has no free slot; below the capacity
 *   52  maxProducers       u16   how many producer places there are
 *   54  maxConsumers       u16   how many consumer places there are
 */

import type { ChannelHeader } from '../channel/shape.js'
import { u16, u32 } from '../layout/scalar.js'
import { struct } from '../layout/struct.js'
import { type SlotDimensions, wrongSlotDimension } from '../slots/slots-layout.js'

/** The header fields that only a queue has. */
export interface QueueFields extends SlotDimensions {
  readonly maxProcessingMs: number
  readonly maxDeliveries: number
  readonly maxDeadLetters: number
}

export type QueueHeader = ChannelHeader & QueueFields

const Fields = struct('QueueFields', {
  capacity: u32,
  maxMessageLength: u32,
  maxProcessingMs: u32,
  maxDeliveries: u16,
  maxDeadLetters: u16,
  maxProducers: u16,
  maxConsumers: u16,
})

/** Reads and writes the fields. What it reads is not checked yet. */
export const queueFields = {
  read: (view: DataView, offset: number): QueueFields => Fields.read(view, offset),
  write(view: DataView, offset: number, fields: QueueFields): void {
    const { capacity, maxMessageLength, maxProcessingMs, maxDeliveries, maxDeadLetters, maxProducers, maxConsumers } =
      fields
    const values = { capacity, maxMessageLength, maxProcessingMs, maxDeliveries, maxDeadLetters }
    Fields.write(view, offset, { ...values, maxProducers, maxConsumers })
  },
}

const MAX_U16 = 0xffff
const MAX_PROCESSING_MS = 2 ** 31 - 1

/** Tells what is wrong with the fields; `undefined` if a queue can have them. */
export function wrongQueueField(fields: QueueFields): string | undefined {
  const { capacity, maxDeliveries, maxDeadLetters, maxProcessingMs } = fields
  return (
    wrongSlotDimension(fields) ??
    wrongNumber('maxDeliveries', maxDeliveries, 1, MAX_U16) ??
    wrongNumber('maxDeadLetters', maxDeadLetters, 0, Math.min(MAX_U16, capacity - 1)) ??
    wrongNumber('maxProcessingMs', maxProcessingMs, 0, MAX_PROCESSING_MS)
  )
}

function wrongNumber(name: string, value: number, least: number, most: number): string | undefined {
  if (Number.isInteger(value) && value >= least && value <= most) return undefined
  return `${name} ${value} is not a whole number from ${least} to ${most}`
}
