/**
 * Where everything of a stream lies: a control part, and behind it one lane for each producer slot. All numbers are
 * little-endian. Words with different writers are 128 bytes apart, because CPUs fetch cache lines of 64 bytes in pairs.
 *
 *   0              channel header                               sole writer: the creator, before the magic word
 *   128            live: u32, bit i for consumer i              each consumer its bit; producers wait for live consumers
 *   256            active: u32 x 2, bit j for producer j        each producer its bit; consumers read active lanes
 *   264            openings: u32, counts up                     producers, after setting their bit in active
 *   384            sleeping consumers: u32, bit i               each consumer its bit
 *   512            sleeping producers: u32 x 2, bit j           each producer its bit
 *   1024           producer slots, 128 bytes each               sole writer of each: the holder of the slot's lease
 *   ...            consumer slots, 128 bytes and the positions  likewise
 *   ...            schema: the descriptor, as UTF-8 JSON        the creator
 *   controlLength  lane 0, lane 1, ...                          sole writer of each: its producer
 *
 * | producer slot | width | meaning                                                                          |
 * |---------------|-------|----------------------------------------------------------------------------------|
 * | +0  state     | u32   | 0: never used; 1: open (if the lease has no holder, its producer died); 2: closed |
 * | +4  epoch     | u32   | counts its sleeps                                                                 |
 * | +8  base      | u64   | the oldest record that is sure to stay; with overflow "wait", the upper half is 0 |
 * | +16 end       | u32   | a recent end of the lane, a position                                              |
 * | +20 sequence  | u32   | the number of the message there; stored before `end`                              |
 *
 * | consumer slot | width | meaning                                                                           |
 * |---------------|-------|-----------------------------------------------------------------------------------|
 * | +0  epoch     | u32   | counts its sleeps                                                                 |
 * | +4  ready     | u32   | 1: it has chosen where to begin in every lane, and misses nothing from now on     |
 * | +128 + 4 j    | u32   | its position in lane j: the producer may overwrite what is older                  |
 *
 * A slot's lease and bell have the same number: consumer i has number i, producer j has number 32 + j.
 */

import type { ChannelPlaces } from '../channel/shape.js'
import type { SidePlaces } from '../channel/side.js'
import { MAX_LANE_CAPACITY } from '../lane/ring.js'

/** Lanes begin at multiples of this number of bytes: Windows maps views at that granularity. */
export const LANE_ALIGNMENT = 65_536
const MIN_STREAM_CAPACITY = LANE_ALIGNMENT
export const MAX_PRODUCERS = 64
export const MAX_CONSUMERS = 32

export const LIVE_INDEX = 128 / 4
export const ACTIVE_INDEX = 256 / 4
export const OPENINGS_INDEX = 264 / 4
const SLEEPING_CONSUMERS_INDEX = 384 / 4
const SLEEPING_PRODUCERS_INDEX = 512 / 4

const SLOTS_OFFSET = 1024
const SLOT_LENGTH = 128

// Words from the start of a producer slot.
export const STATE = 0
const EPOCH = 1
export const BASE = 2
export const END = 4
export const SEQUENCE = 5

// Words from the start of a consumer slot.
const CONSUMER_EPOCH = 0
export const CONSUMER_READY = 1
export const POSITIONS = 32

export const STATE_OPEN = 1
export const STATE_CLOSED = 2

/** The numbers on which the places of a stream's parts depend. */
export interface StreamDimensions {
  /** Bytes of each lane: a power of two. */
  readonly capacity: number
  /** How many producer slots there are. */
  readonly maxProducers: number
  /** How many consumer slots there are. */
  readonly maxConsumers: number
}

const roundUp = (value: number, step: number) => Math.ceil(value / step) * step

/** A consumer's slot has a position for each lane. */
const consumerSlotLength = (maxProducers: number) => SLOT_LENGTH + roundUp(maxProducers * 4, SLOT_LENGTH)

const consumerSlotsOffset = (maxProducers: number) => SLOTS_OFFSET + maxProducers * SLOT_LENGTH

/** Places the producers' words. */
export function producerSide({ maxProducers }: StreamDimensions): SidePlaces {
  return {
    role: 'producer',
    slotName: 'lane',
    countOption: 'maxProducers',
    count: maxProducers,
    slotsIndex: SLOTS_OFFSET / 4,
    slotStride: SLOT_LENGTH / 4,
    epochInSlot: EPOCH,
    sleepMask: SLEEPING_PRODUCERS_INDEX,
    firstNumber: MAX_CONSUMERS,
  }
}

/** Places the consumers' words. */
export function consumerSide({ maxProducers, maxConsumers }: StreamDimensions): SidePlaces {
  return {
    role: 'consumer',
    slotName: 'consumer slot',
    countOption: 'maxConsumers',
    count: maxConsumers,
    slotsIndex: consumerSlotsOffset(maxProducers) / 4,
    slotStride: consumerSlotLength(maxProducers) / 4,
    epochInSlot: CONSUMER_EPOCH,
    sleepMask: SLEEPING_CONSUMERS_INDEX,
    firstNumber: 0,
  }
}

/** Tells what is wrong with dimensions; `undefined` if a stream can have them. */
export function wrongDimension({ capacity, maxProducers, maxConsumers }: StreamDimensions): string | undefined {
  const isPower =
    Number.isInteger(capacity) && capacity > 0 && capacity <= MAX_LANE_CAPACITY && !(capacity & (capacity - 1))
  if (!isPower || capacity < MIN_STREAM_CAPACITY) {
    return `capacity ${capacity} is not a power of two from ${MIN_STREAM_CAPACITY} to ${MAX_LANE_CAPACITY}`
  }
  return (
    wrongCount('maxProducers', maxProducers, MAX_PRODUCERS) ?? wrongCount('maxConsumers', maxConsumers, MAX_CONSUMERS)
  )
}

function wrongCount(name: string, count: number, most: number): string | undefined {
  if (Number.isInteger(count) && count >= 1 && count <= most) return undefined
  return `${name} ${count} is not a whole number from 1 to ${most}`
}

/** Places the parts of a stream. */
export function placesOf(dimensions: StreamDimensions, schemaLength: number): ChannelPlaces {
  const { capacity, maxProducers, maxConsumers } = dimensions
  const schemaOffset = consumerSlotsOffset(maxProducers) + maxConsumers * consumerSlotLength(maxProducers)
  const controlLength = roundUp(schemaOffset + schemaLength, LANE_ALIGNMENT)
  return { schemaOffset, controlLength, length: controlLength + maxProducers * capacity }
}
