/**
 * The header fields that only a stream has, after those that every channel has:
 *
 *   36  overflow           u32   0: wait; 1: overwrite
 *   40  withoutConsumers   u32   0: keep-latest; 1: wait
 *   44  capacity           u32   bytes of each lane: a power of two
 *   48  maxProducers       u32   how many producer slots there are, and so how many lanes
 *   52  maxConsumers       u32   how many consumer slots there are
 */

import type { ChannelHeader } from '../channel/shape.js'
import { enumeration } from '../layout/enumeration.js'
import { u32 } from '../layout/scalar.js'
import { struct } from '../layout/struct.js'

/** What a producer does when its lane is full. */
export type Overflow = 'wait' | 'overwrite'

/** What a producer of a stream with `overflow: 'wait'` does while there is no consumer. */
export type WithoutConsumers = 'keep-latest' | 'wait'

/** The header fields that only a stream has. */
export interface StreamFields {
  readonly overflow: Overflow
  readonly withoutConsumers: WithoutConsumers
  /** Bytes of each lane: a power of two. */
  readonly capacity: number
  /** How many producer slots there are. */
  readonly maxProducers: number
  /** How many consumer slots there are. */
  readonly maxConsumers: number
}

export type StreamHeader = ChannelHeader & StreamFields

export const OVERFLOWS = { wait: 0, overwrite: 1 } as const
export const WITHOUT_CONSUMERS = { 'keep-latest': 0, wait: 1 } as const

const Fields = struct('StreamFields', {
  overflow: enumeration(u32, OVERFLOWS),
  withoutConsumers: enumeration(u32, WITHOUT_CONSUMERS),
  capacity: u32,
  maxProducers: u32,
  maxConsumers: u32,
})

/** Reads and writes the fields. What it reads is not checked yet: a word without a name reads as a number. */
export const streamFields = {
  read: (view: DataView, offset: number): StreamFields => Fields.read(view, offset) as StreamFields,
  write(view: DataView, offset: number, fields: StreamFields): void {
    const { overflow, withoutConsumers, capacity, maxProducers, maxConsumers } = fields
    Fields.write(view, offset, { overflow, withoutConsumers, capacity, maxProducers, maxConsumers })
  },
}
