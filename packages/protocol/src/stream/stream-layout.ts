/**
 * Where everything of a stream lies: a control part, and behind it one lane for each producer slot. All numbers are
 * little-endian; words of different writers stand 128 bytes apart, because processors fetch lines of 64 bytes in pairs.
 *
 *   0            channel header                                 sole writer: the creator, before the magic word
 *   128          live: u32, bit i for consumer i                consumers, who hold the producers back
 *   256          active: u32 x 2, bit j for producer j          lanes that consumers look at
 *   264          openings: u32, counts up                       producers, after setting their bit in active
 *   384          sleeping consumers: u32, bit i
 *   512          sleeping producers: u32 x 2, bit j
 *   1024         producer slots, 128 bytes each                 sole writer of each: who holds the slot's lease
 *   ...          consumer slots, 128 bytes and the positions    likewise
 *   ...          schema: the descriptor, as UTF-8 JSON
 *   lanesOffset  lane 0, lane 1, ...                            sole writer of each: its producer
 *
 * | producer slot | width | meaning                                                                          |
 * |---------------|-------|----------------------------------------------------------------------------------|
 * | +0  state     | u32   | 0: never used; 1: open (without a holder of the lease: lost); 2: closed           |
 * | +4  epoch     | u32   | counts its sleeps                                                                 |
 * | +8  base      | u64   | the oldest record that is sure to stay; the upper half is 0 with overflow "wait"  |
 * | +16 end       | u32   | a recent end of the lane, a position                                              |
 * | +20 sequence  | u32   | the number of the message there; stored before `end`                              |
 *
 * | consumer slot | width | meaning                                                                           |
 * |---------------|-------|-----------------------------------------------------------------------------------|
 * | +0  epoch     | u32   | counts its sleeps                                                                 |
 * | +128 + 4 j    | u32   | its position in lane j: what is older, the producer may overwrite                 |
 *
 * Leases and bells are numbered alike: consumer i has number i, producer j has number 32 + j.
 */

import { MAX_LANE_CAPACITY } from '../lane/lane.js'

/** Lanes begin at multiples of this: Windows maps views at that granularity. */
export const LANE_ALIGNMENT = 65_536
const MIN_STREAM_CAPACITY = LANE_ALIGNMENT
export const MAX_PRODUCERS = 64
export const MAX_CONSUMERS = 32
/** Bytes. */
const MAX_SCHEMA_LENGTH = 1_048_576

export const LIVE_INDEX = 128 / 4
export const ACTIVE_INDEX = 256 / 4
export const OPENINGS_INDEX = 264 / 4
export const SLEEPING_CONSUMERS_INDEX = 384 / 4
export const SLEEPING_PRODUCERS_INDEX = 512 / 4

const SLOTS_OFFSET = 1024
const SLOT_LENGTH = 128

// Words from the start of a producer slot.
export const STATE = 0
export const EPOCH = 1
export const BASE = 2
export const END = 4
export const SEQUENCE = 5

// Words from the start of a consumer slot.
export const CONSUMER_EPOCH = 0
export const POSITIONS = 32

export const STATE_OPEN = 1
export const STATE_CLOSED = 2

/** What the header of a stream says of its dimensions. */
export interface StreamDimensions {
  /** Bytes of each lane: a power of two. */
  readonly capacity: number
  /** Producer slots. */
  readonly producers: number
  /** Consumer slots. */
  readonly consumers: number
  /** Bytes of the descriptor. */
  readonly schemaLength: number
}

/** The places that follow from the dimensions, in bytes. */
export interface StreamPlaces {
  readonly schemaOffset: number
  readonly lanesOffset: number
  /** Of the whole. */
  readonly length: number
}

const roundUp = (value: number, step: number) => Math.ceil(value / step) * step

const consumerSlotLength = (producers: number) => SLOT_LENGTH + roundUp(producers * 4, SLOT_LENGTH)

const consumerSlotsOffset = (producers: number) => SLOTS_OFFSET + producers * SLOT_LENGTH

/** The first word of a producer's slot. */
export function producerSlotIndex(producer: number): number {
  return (SLOTS_OFFSET + producer * SLOT_LENGTH) / 4
}

/** The first word of a consumer's slot, in a stream with so many producer slots. */
export function consumerSlotIndex(consumer: number, producers: number): number {
  return (consumerSlotsOffset(producers) + consumer * consumerSlotLength(producers)) / 4
}

/** The number of a consumer's lease and bell. */
export function consumerNumber(consumer: number): number {
  return consumer
}

/** The number of a producer's lease and bell. */
export function producerNumber(producer: number): number {
  return MAX_CONSUMERS + producer
}

/** Tells whether a stream can have such dimensions: undefined when it can, else what is wrong. */
export function wrongDimension(dimensions: StreamDimensions): string | undefined {
  const { capacity, producers, consumers, schemaLength } = dimensions
  const isPower =
    Number.isInteger(capacity) && capacity > 0 && capacity <= MAX_LANE_CAPACITY && !(capacity & (capacity - 1))
  if (!isPower || capacity < MIN_STREAM_CAPACITY) {
    return `capacity ${capacity} is not a power of two from ${MIN_STREAM_CAPACITY} to ${MAX_LANE_CAPACITY}`
  }
  const outside = (count: number, least: number, most: number) =>
    !Number.isInteger(count) || count < least || count > most
  if (outside(producers, 1, MAX_PRODUCERS))
    return `producers ${producers} is not a whole number from 1 to ${MAX_PRODUCERS}`
  if (outside(consumers, 1, MAX_CONSUMERS))
    return `consumers ${consumers} is not a whole number from 1 to ${MAX_CONSUMERS}`
  if (outside(schemaLength, 2, MAX_SCHEMA_LENGTH)) {
    return `the schema's descriptor takes ${schemaLength} bytes, not 2 to ${MAX_SCHEMA_LENGTH}`
  }
  return undefined
}

/** Places everything. */
export function placesOf({ capacity, producers, consumers, schemaLength }: StreamDimensions): StreamPlaces {
  const schemaOffset = consumerSlotsOffset(producers) + consumers * consumerSlotLength(producers)
  const lanesOffset = roundUp(schemaOffset + schemaLength, LANE_ALIGNMENT)
  return { schemaOffset, lanesOffset, length: lanesOffset + producers * capacity }
}
