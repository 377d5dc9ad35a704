/**
 * Where everything of a latest lies: a control part, and behind it the cells of each key. All numbers are little-endian. Words with
 * different writers are 128 bytes apart, because CPUs fetch cache lines of 64 bytes in pairs.
 *
 *   0              channel header                  sole writer: the creator, before the magic word
 *   128            sleeping readers: u32, bit i    each reader its bit
 *   256            0: u32                          nobody: the writer never sleeps
 *   384            writer slot, 128 bytes          the holder of the writer's lease
 *   512            reader slots, 128 bytes each    the holder of each slot's lease
 *   ...            schema: the descriptor          the creator
 *   controlLength  the keys, one after the other   the writer
 *
 * | writer slot | width | meaning                                                                        |
 * |-------------|-------|--------------------------------------------------------------------------------|
 * | +0 state    | u32   | 0: never used; 1: open (if the lease has no holder, its writer died); 2: closed |
 *
 * | reader slot | width | meaning                                                                        |
 * |-------------|-------|--------------------------------------------------------------------------------|
 * | +0 epoch    | u32   | counts its sleeps                                                              |
 *
 * | key           | width | meaning                                                                      |
 * |---------------|-------|------------------------------------------------------------------------------|
 * | +0   version  | u32   | the lower half of the newest version; it is in cell `version mod 4`          |
 * | +128 cells    |       | 4 cells, each a multiple of 128 bytes                                        |
 *
 * | cell              | width | meaning                                                                  |
 * |-------------------|-------|--------------------------------------------------------------------------|
 * | +0  time          | f64   | when it was set, in milliseconds on the machine's monotonic clock        |
 * | +8  length        | u32   | bytes of the value                                                       |
 * | +12 versionHigh   | u32   | the upper half of its version, at most 2^21 - 1                          |
 * | +16 value         |       | the payload                                                              |
 *
 * A key that was never set has version 0 and, in cell 0, versionHigh 0. The first value has version 1.
 *
 * A cell has room for the longest value of its key: of a layout, for its length; of a union of layouts, for the longest member and the
 * union's header; of values that vary in length, for `maxMessageLength` bytes, and for the longest member of a fixed length. So the
 * descriptor and `maxMessageLength` tell where each cell lies.
 *
 * A slot's lease and bell have the same number: reader i has number i, the writer has number 64.
 */

import type { ChannelPlaces } from '../channel/shape.js'
import type { SidePlaces } from '../channel/side.js'
import type { PayloadDescriptor } from '../codec/codec.js'
import { UNION_HEADER_LENGTH } from '../codec/union.js'
import type { LatestFields } from './latest-header.js'

/** The cells begin at a multiple of this number of bytes: Windows maps views at that granularity. */
const ALIGNMENT = 65_536
export const MAX_KEYS = 1024
export const MAX_READERS = 32
/** Bytes of the longest value. */
export const MAX_VALUE_LENGTH = 2 ** 28
/** An ArrayBuffer can be longer. Offsets in it must be below 2^31. */
const MAX_CELLS_LENGTH = 2 ** 31 - ALIGNMENT

const SLEEPING_READERS_INDEX = 128 / 4
const SLEEPING_WRITER_INDEX = 256 / 4
export const WRITER_SLOT_OFFSET = 384
const READER_SLOTS_OFFSET = 512
const SLOT_LENGTH = 128
const WRITER_NUMBER = 64

// Words from the start of the writer slot.
export const STATE = 0
/** Never written: the writer does not sleep. */
const WRITER_EPOCH = 1
const READER_EPOCH = 0

export const STATE_OPEN = 1
export const STATE_CLOSED = 2

/** How many cells a key has. The newest value, the one being written, and two more, so that a reader rarely has to read again. */
export const CELL_COUNT = 4
const KEY_HEAD_LENGTH = 128
const CELL_ALIGNMENT = 128

// Bytes from the start of a cell, and words.
export const TIME_OFFSET = 0
export const LENGTH_INDEX = 2
export const VERSION_HIGH_INDEX = 3
export const VALUE_OFFSET = 16
/** Keeps versions below 2^53, whatever the memory holds. */
export const MAX_VERSION_HIGH = 2 ** 21 - 1

const roundUp = (value: number, step: number) => Math.ceil(value / step) * step

/** Where the cells of one key lie. In bytes. */
export interface KeyPlace {
  /** From the start of all cells to the version word. */
  readonly offset: number
  /** Bytes of the longest value. */
  readonly capacity: number
  /** From one cell to the next. */
  readonly cellLength: number
}

/** Returns the offset of a key's first cell. */
export function firstCellOffset({ offset }: KeyPlace): number {
  return offset + KEY_HEAD_LENGTH
}

/**
 * Places the keys of a latest.
 *
 * @param descriptors what the values of each key are, in the order of the keys
 */
export function keyPlacesOf(
  descriptors: readonly PayloadDescriptor[],
  maxMessageLength: number,
): { readonly keys: readonly KeyPlace[]; readonly cellsLength: number } {
  const keys: KeyPlace[] = []
  let offset = 0
  for (const descriptor of descriptors) {
    const capacity = Math.max(longestFixedValue(descriptor), varies(descriptor) ? maxMessageLength : 0)
    const cellLength = roundUp(VALUE_OFFSET + capacity, CELL_ALIGNMENT)
    keys.push({ offset, capacity, cellLength })
    offset += KEY_HEAD_LENGTH + CELL_COUNT * cellLength
  }
  return { keys, cellsLength: offset }
}

/** Tells whether the length of values varies. */
function varies(descriptor: PayloadDescriptor): boolean {
  if (descriptor.kind === 'union') return descriptor.members.some(({ payload }) => varies(payload))
  return descriptor.kind === 'payload'
}

/** Bytes of the longest value of fixed length. */
function longestFixedValue(descriptor: PayloadDescriptor): number {
  if (descriptor.kind === 'payload') return 0
  if (descriptor.kind !== 'union') return descriptor.length
  return UNION_HEADER_LENGTH + Math.max(...descriptor.members.map(({ payload }) => longestFixedValue(payload)))
}

/** Places the writer's words. It never sleeps, so its mask and its epoch stay 0. */
export function writerSide(): SidePlaces {
  return {
    role: 'writer',
    slotName: 'writer slot',
    countOption: 'writers',
    count: 1,
    slotsIndex: WRITER_SLOT_OFFSET / 4,
    slotStride: SLOT_LENGTH / 4,
    epochInSlot: WRITER_EPOCH,
    sleepMask: SLEEPING_WRITER_INDEX,
    firstNumber: WRITER_NUMBER,
  }
}

/** Places the readers' words. */
export function readerSide({ maxReaders }: Pick<LatestFields, 'maxReaders'>): SidePlaces {
  return {
    role: 'reader',
    slotName: 'reader slot',
    countOption: 'maxReaders',
    count: maxReaders,
    slotsIndex: READER_SLOTS_OFFSET / 4,
    slotStride: SLOT_LENGTH / 4,
    epochInSlot: READER_EPOCH,
    sleepMask: SLEEPING_READERS_INDEX,
    firstNumber: 0,
  }
}

/** Tells what is wrong with fields; `undefined` if a latest can have them. */
export function wrongFields({ keyCount, maxReaders, maxMessageLength, cellsLength }: LatestFields): string | undefined {
  return (
    wrongNumber('number of keys', keyCount, MAX_KEYS) ??
    wrongNumber('maxReaders', maxReaders, MAX_READERS) ??
    wrongNumber('maxMessageLength', maxMessageLength, MAX_VALUE_LENGTH) ??
    wrongNumber('length of all cells', cellsLength, MAX_CELLS_LENGTH)
  )
}

function wrongNumber(name: string, value: number, most: number): string | undefined {
  if (Number.isInteger(value) && value >= 1 && value <= most) return undefined
  return `${name} ${value} is not a whole number from 1 to ${most}`
}

/** Places the parts of a latest. */
export function placesOf({ maxReaders, cellsLength }: LatestFields, schemaLength: number): ChannelPlaces {
  const schemaOffset = READER_SLOTS_OFFSET + maxReaders * SLOT_LENGTH
  const controlLength = roundUp(schemaOffset + schemaLength, ALIGNMENT)
  return { schemaOffset, controlLength, length: controlLength + cellsLength }
}
