/**
 * Where everything of a channel of slots lies. Each producer owns an equal number of slots, and alone fills them. All numbers are
 * little-endian. Words with different writers are 128 bytes apart, because CPUs fetch cache lines of 64 bytes in pairs. The whole
 * memory is one control part: every participant maps all of it.
 *
 *   0              channel header                               sole writer: the creator, before the magic word
 *   128            live: u32, bit i for consumer i              each consumer its bit; the holder of its lease clears it
 *   256            used: u32 x 2, bit j for producer j          each producer its bit, never cleared
 *   384            sleeping consumers: u32, bit i               each consumer its bit
 *   512            sleeping producers: u32 x 2, bit j           each producer its bit
 *   640            returns: u32, counts up                      consumers, after a message has become takeable again
 *   1024           producer places, 384 bytes each              see below
 *   ...            consumer places, 128 bytes each              sole writer of each: the holder of the place's lease
 *   ...            schema: the descriptor, as UTF-8 JSON        the creator
 *   areasOffset    area 0, area 1, ...: one of each producer
 *
 * | producer place | width | meaning                                                          | writer     |
 * |----------------|-------|------------------------------------------------------------------|------------|
 * | +0   state     | u32   | 0: never used; 1: open (without a holder it died); 2: closed      | producer   |
 * | +4   epoch     | u32   | counts its sleeps                                                 | producer   |
 * | +8   dropped   | u32   | counts messages that it gave up to have a free slot               | producer   |
 * | +12  pid       | u32   | its process, for information; only of the clients of calls         | producer   |
 * | +128 tail      | u32   | the position behind the last entry of its ring: counts messages   | producer   |
 * | +256 hint      | u32   | a position before which the ring has nothing to take; may lag     | consumers  |
 *
 * | consumer place | width | meaning                                                          |
 * |----------------|-------|------------------------------------------------------------------|
 * | +0   epoch     | u32   | counts its sleeps                                                 |
 *
 * | area           | width            | meaning                                                                    |
 * |----------------|------------------|----------------------------------------------------------------------------|
 * | +0   ring      | 2 x capacity f64 | entry of position p: at p mod 2 capacity. Sole writer: the producer          |
 * | ...  slots     | slotLength each  | see below                                                                  |
 * | ...  notes     | 128 each         | what a shape adds to slot i, for its rare paths                            |
 *
 * | slot           | width | meaning                                                          | writer              |
 * |----------------|-------|------------------------------------------------------------------|---------------------|
 * | +0   word      | u32   | see slot-word.ts                                                  | everybody, by turns |
 * | +4   base      | u32   | bits 0-23: the generation from which the takes of a message count; of calls: see call-word.ts | holder of the slot  |
 * | +8   length    | u32   | bytes of the message                                              | producer            |
 * | +12  pid       | u32   | the process of the consumer that took it last                     | consumer            |
 * | +16  sentAt    | f64   | about when it was sent: milliseconds of the system's steady clock | producer            |
 * | +24  payload   |       | up to maxMessageLength bytes                                      | producer            |
 *
 * An entry is (slot + 1) x 2^24 + generation, a whole number in a double: one access reads it whole. 0 means that there is none.
 * A place's lease and bell have the same number: consumer i has number i, producer j has number 32 + j.
 */

import type { ChannelPlaces } from '../channel/shape.js'
import type { SidePlaces } from '../channel/side.js'

const MAX_SLOT_PRODUCERS = 64
/** A slot's word has 5 bits for the consumer's number. */
const MAX_SLOT_CONSUMERS = 32
const MIN_SLOTS = 2
const MAX_SLOTS = 65_536
/** Offsets stay below 2^31, so that V8 keeps them as small integers. */
const MAX_SLOTS_MEMORY = 2 ** 31 - 2 ** 21

export const LIVE_INDEX = 128 / 4
export const USED_INDEX = 256 / 4
const SLEEPING_CONSUMERS_INDEX = 384 / 4
const SLEEPING_PRODUCERS_INDEX = 512 / 4
export const RETURNS_INDEX = 640 / 4

const PLACES_OFFSET = 1024
const PRODUCER_PLACE_LENGTH = 384
const CONSUMER_PLACE_LENGTH = 128

// Words from the start of a producer place.
export const STATE = 0
const PRODUCER_EPOCH = 1
export const DROPPED = 2
export const CLIENT_PID = 3
export const TAIL = 128 / 4
export const HINT = 256 / 4

// Words from the start of a consumer place.
const CONSUMER_EPOCH = 0

export const STATE_OPEN = 1
export const STATE_CLOSED = 2

const ENTRY_LENGTH = 8
const SLOT_ALIGNMENT = 64
export const NOTE_LENGTH = 128

// Words from the start of a slot.
export const BASE = 1
export const LENGTH = 2
export const PID = 3
/** Doubles from the start of a slot. */
export const SENT_AT = 16 / 8
export const SLOT_HEADER_LENGTH = 24

const MEMORY_GRANULARITY = 65_536

/** The numbers on which the places of the parts depend. */
export interface SlotDimensions {
  /** How many slots each producer owns: a power of two. */
  readonly capacity: number
  /** Bytes of the longest message. */
  readonly maxMessageLength: number
  readonly maxProducers: number
  readonly maxConsumers: number
}

const roundUp = (value: number, step: number) => Math.ceil(value / step) * step

/** Bytes from one slot to the next. */
export function slotLength({ maxMessageLength }: SlotDimensions): number {
  return roundUp(SLOT_HEADER_LENGTH + maxMessageLength, SLOT_ALIGNMENT)
}

/** Bytes from the start of an area to its first slot. */
export function ringLength({ capacity }: SlotDimensions): number {
  return roundUp(2 * capacity * ENTRY_LENGTH, SLOT_ALIGNMENT)
}

/** Bytes from one area to the next. */
export function areaLength(dimensions: SlotDimensions): number {
  const { capacity } = dimensions
  return roundUp(ringLength(dimensions) + capacity * (slotLength(dimensions) + NOTE_LENGTH), 2 * SLOT_ALIGNMENT)
}

const consumerPlacesOffset = ({ maxProducers }: SlotDimensions) => PLACES_OFFSET + maxProducers * PRODUCER_PLACE_LENGTH

const schemaOffsetOf = (dimensions: SlotDimensions) => {
  return consumerPlacesOffset(dimensions) + dimensions.maxConsumers * CONSUMER_PLACE_LENGTH
}

/** Bytes from the start of the memory to the first area. */
export function areasOffset(dimensions: SlotDimensions, schemaLength: number): number {
  return roundUp(schemaOffsetOf(dimensions) + schemaLength, 2 * SLOT_ALIGNMENT)
}

/** Places the producers' words. */
export function producerPlaces({ maxProducers }: SlotDimensions): SidePlaces {
  return {
    role: 'producer',
    slotName: 'producer place',
    countOption: 'maxProducers',
    count: maxProducers,
    slotsIndex: PLACES_OFFSET / 4,
    slotStride: PRODUCER_PLACE_LENGTH / 4,
    epochInSlot: PRODUCER_EPOCH,
    sleepMask: SLEEPING_PRODUCERS_INDEX,
    firstNumber: MAX_SLOT_CONSUMERS,
  }
}

/** Places the consumers' words. */
export function consumerPlaces(dimensions: SlotDimensions): SidePlaces {
  return {
    role: 'consumer',
    slotName: 'consumer place',
    countOption: 'maxConsumers',
    count: dimensions.maxConsumers,
    slotsIndex: consumerPlacesOffset(dimensions) / 4,
    slotStride: CONSUMER_PLACE_LENGTH / 4,
    epochInSlot: CONSUMER_EPOCH,
    sleepMask: SLEEPING_CONSUMERS_INDEX,
    firstNumber: 0,
  }
}

/** Places all parts. */
export function slotPlaces(dimensions: SlotDimensions, schemaLength: number): ChannelPlaces {
  const areas = areasOffset(dimensions, schemaLength)
  const length = roundUp(areas + dimensions.maxProducers * areaLength(dimensions), MEMORY_GRANULARITY)
  return { schemaOffset: schemaOffsetOf(dimensions), controlLength: length, length }
}

/** Tells what is wrong with dimensions; `undefined` if a channel of slots can have them. */
export function wrongSlotDimension(dimensions: SlotDimensions): string | undefined {
  const { capacity, maxMessageLength, maxProducers, maxConsumers } = dimensions
  const isPower = Number.isInteger(capacity) && capacity >= MIN_SLOTS && (capacity & (capacity - 1)) === 0
  if (!isPower || capacity > MAX_SLOTS) {
    return `capacity ${capacity} is not a power of two from ${MIN_SLOTS} to ${MAX_SLOTS}`
  }
  const wrong =
    wrongCount('maxMessageLength', maxMessageLength, MAX_SLOTS_MEMORY) ??
    wrongCount('maxProducers', maxProducers, MAX_SLOT_PRODUCERS) ??
    wrongCount('maxConsumers', maxConsumers, MAX_SLOT_CONSUMERS)
  if (wrong !== undefined) return wrong
  const { length } = slotPlaces(dimensions, 0)
  if (length <= MAX_SLOTS_MEMORY) return undefined
  return (
    `capacity ${capacity}, maxMessageLength ${maxMessageLength} and maxProducers ${maxProducers} need ${length} bytes, and at most ` +
    `${MAX_SLOTS_MEMORY} are possible`
  )
}

function wrongCount(name: string, count: number, most: number): string | undefined {
  if (Number.isInteger(count) && count >= 1 && count <= most) return undefined
  return `${name} ${count} is not a whole number from 1 to ${most}`
}
