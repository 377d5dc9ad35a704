/** The parts that only the channel of a stream has: its options, and its lanes. */

import type { SharedMemory } from '@memlane/core'
import { checkOneOf, describeValue, type OptionCheck, type OptionChecks } from '@memlane/core/internal'
import type { AnyCodec, Overflow, WithoutConsumers } from '@memlane/protocol'
import {
  maxMessageLength,
  type StreamControl,
  type StreamFields,
  streamShape,
  tooLong,
  wrongDimension,
} from '@memlane/protocol/internal'
import { Channel, type CreateChannelOptions } from './channel.js'
import { longestFixedLength } from './fixed-length.js'

/** The dimensions of a stream, and what it does when a lane is full. */
export interface StreamOptions {
  /** Bytes of each producer's lane: a power of two from 64 KiB to 512 MiB. Default 256 KiB. */
  capacity?: number
  /** How many producers there can be at a time, 1 to 64. The memory has `capacity` bytes for each. Default 4. */
  maxProducers?: number
  /** How many consumers there can be at a time, 1 to 32. Default 16. */
  maxConsumers?: number
  /**
   * What happens when a lane is full. `wait` (default): every live consumer gets every message, and producers wait for the
   * slowest. `overwrite`: producers never wait, and consumers that fall behind are told how many messages they missed.
   */
  overflow?: Overflow
  /**
   * What happens, with `overflow: 'wait'`, while there is no consumer. `keep-latest` (default): new messages replace the
   * oldest. `wait`: producers wait once the lane is full.
   */
  withoutConsumers?: WithoutConsumers
}

export type StreamChannel = Channel<StreamFields, StreamControl>

const checkNumber: OptionCheck = (option, value) => {
  if (typeof value !== 'number') throw new TypeError(`${option} must be a number, not ${describeValue(value)}`)
}

/** Checks of types. Ranges depend on each other: see wrongDimension. */
export const streamChecks: OptionChecks<StreamOptions> = {
  capacity: checkNumber,
  maxProducers: checkNumber,
  maxConsumers: checkNumber,
  overflow: checkOneOf('wait', 'overwrite'),
  withoutConsumers: checkOneOf('keep-latest', 'wait'),
}

/**
 * Creates the channel of a stream. It has no producer yet.
 *
 * @throws SharedMemoryError as `SharedMemory.create`; TypeError or RangeError for options that no stream can have, or if the
 * schema has messages of a fixed length that fits no lane
 */
export function createStreamChannel(
  name: string,
  codec: AnyCodec,
  options: StreamOptions & CreateChannelOptions = {},
): StreamChannel {
  const { capacity, maxProducers, maxConsumers, overflow, withoutConsumers, ...createOptions } = options
  return Channel.create(streamShape, name, codec, streamFields(codec, options), createOptions)
}

function streamFields(codec: AnyCodec, options: StreamOptions): StreamFields {
  const { overflow = 'wait', withoutConsumers = 'keep-latest' } = options
  const { capacity = 2 ** 18, maxProducers = 4, maxConsumers = 16 } = options
  const wrong = wrongDimension({ capacity, maxProducers, maxConsumers })
  if (wrong !== undefined) throw new RangeError(wrong)
  const fixedLength = longestFixedLength(codec)
  if (fixedLength > maxMessageLength(capacity)) throw tooLong(fixedLength, capacity)
  return { overflow, withoutConsumers, capacity, maxProducers, maxConsumers }
}

/**
 * Maps one lane. It is closed together with the channel.
 *
 * @throws SharedMemoryError as `SharedMemory.open`
 */
export function openLane(channel: StreamChannel, producer: number, access: 'readwrite' | 'read'): SharedMemory {
  const { controlLength, capacity } = channel.header
  return channel.openPart({ offset: controlLength + producer * capacity, length: capacity }, access)
}
