/** The parts that only the channel of a queue has: its options. */

import { checkWholeNumber, type OptionChecks } from '@memlane/core/internal'
import type { AnyCodec } from '@memlane/protocol'
import { type QueueControl, type QueueFields, queueShape } from '@memlane/protocol/internal'
import { Channel, type CreateChannelOptions } from './channel.js'
import { longestFixedLength } from './fixed-length.js'

/** The dimensions of a queue, and when it gives up a message. */
export interface QueueOptions {
  /** How many messages each producer can have in the queue: a power of two from 2 to 65,536. Default 256. */
  capacity?: number
  /**
   * Bytes of the longest message. Each of the `capacity` slots of each producer has room for so many bytes. Default:
   * the length of the schema's messages if it is fixed; otherwise 1,024.
   */
  maxMessageLength?: number
  /** How many producers there can be at a time, 1 to 64. The memory has `capacity` slots for each. Default 4. */
  maxProducers?: number
  /** How many consumers there can be at a time, 1 to 32. Default 16. */
  maxConsumers?: number
  /** After so many deliveries without an acknowledgement, a message becomes a dead letter. 1 to 65,535, default 5. */
  maxDeliveries?: number
  /**
   * How many dead letters stay in the slots of each producer when it has no free slot for a new message: it then gives up the oldest
   * one above that number. 0 to `capacity` - 1. Default: a quarter of the capacity.
   */
  maxDeadLetters?: number
  /**
   * After so many milliseconds without an acknowledgement, a message is taken away from its consumer, even if that
   * consumer lives. It counts as a delivery. Consumers look for such messages on their event loops: if all of them block their
   * threads (`takeSync`, `readySync`), none is taken away. Default 0: never. Then a consumer loses its messages only by its death.
   */
  maxProcessingMs?: number
}

export type QueueChannel = Channel<QueueFields, QueueControl>

const count = checkWholeNumber(0)
/** Checks of types. Ranges depend on each other: see wrongQueueField. */
export const queueChecks: OptionChecks<QueueOptions> = {
  capacity: count,
  maxMessageLength: count,
  maxProducers: count,
  maxConsumers: count,
  maxDeliveries: count,
  maxDeadLetters: count,
  maxProcessingMs: count,
}

const VARIABLE_LENGTH = 1024

/**
 * Creates the channel of a queue. It has no producer yet.
 *
 * @throws SharedMemoryError as `SharedMemory.create`; TypeError or RangeError for options that no queue can have, or if the schema
 * has messages of a fixed length above `maxMessageLength`
 */
export function createQueueChannel(
  name: string,
  codec: AnyCodec,
  options: QueueOptions & CreateChannelOptions = {},
): QueueChannel {
  const {
    capacity = 256,
    maxProducers = 4,
    maxConsumers = 16,
    maxDeliveries = 5,
    maxProcessingMs = 0,
    ...rest
  } = options
  const fixedLength = longestFixedLength(codec)
  const {
    maxMessageLength = codec.fixedLength ?? Math.max(VARIABLE_LENGTH, fixedLength),
    maxDeadLetters = capacity >> 2,
    ...createOptions
  } = rest
  if (fixedLength > maxMessageLength) {
    throw new RangeError(`the schema has messages of ${fixedLength} bytes, and maxMessageLength is ${maxMessageLength}`)
  }
  const fields = {
    capacity,
    maxMessageLength,
    maxProducers,
    maxConsumers,
    maxDeliveries,
    maxDeadLetters,
    maxProcessingMs,
  }
  const wrong = queueShape.problemOf(fields)
  if (wrong !== undefined) throw new RangeError(wrong)
  return Channel.create(queueShape, name, codec, fields, createOptions)
}
