/**
 * The first bytes of every channel: what it is, so that nobody takes it for something else. Written once, by its creator,
 * the magic word last; whoever finds another magic word reads nothing more.
 */

import { bytes } from '../layout/bytes.js'
import type { Infer } from '../layout/layout.js'
import { LayoutError } from '../layout/layout-error.js'
import { u32, u64 } from '../layout/scalar.js'
import { struct } from '../layout/struct.js'
import { loadMagic, publishMagic, wordsOf } from '../memory/atomics.js'
import { placesOf, type StreamDimensions, type StreamPlaces, wrongDimension } from '../stream/stream-layout.js'

/** "MLN1" in memory. */
const MAGIC = 0x314e_4c4d
const LAYOUT_VERSION = 1

const SHAPE_STREAM = 1

/** What a producer does when its lane is full. */
export type Overflow = 'wait' | 'overwrite'
const OVERFLOWS: readonly Overflow[] = ['wait', 'overwrite']

/** What a producer of a stream with `overflow: 'wait'` does while there is no consumer. */
export type WithoutConsumers = 'keep-latest' | 'wait'
const WITHOUT_CONSUMERS: readonly WithoutConsumers[] = ['keep-latest', 'wait']

const Header = struct('ChannelHeader', {
  magic: u32,
  layoutVersion: u32,
  /** Bytes of the whole memory. */
  length: u64,
  /** Random: tells this channel from an earlier or later one of the same name. */
  instance: bytes(16),
  shape: u32,
  overflow: u32,
  withoutConsumers: u32,
  capacity: u32,
  producers: u32,
  consumers: u32,
  schemaOffset: u32,
  schemaLength: u32,
  lanesOffset: u32,
  schemaHash: u64,
})
const MAGIC_INDEX = 0

/** Bytes that a reader needs before it knows where the rest is. */
export const CHANNEL_HEADER_LENGTH: number = Header.length

/** What a stream is: everything that its header says. */
export interface StreamHeader extends StreamDimensions, StreamPlaces {
  /** 16 random bytes. */
  readonly instance: Uint8Array
  readonly overflow: Overflow
  readonly withoutConsumers: WithoutConsumers
  /** FNV-1a, 64 bits, of the descriptor. */
  readonly schemaHash: bigint
}

/** Makes memory that is all zeros a stream. */
export function writeStreamHeader(buffer: ArrayBuffer, header: StreamHeader, schema: Uint8Array): void {
  const { overflow, withoutConsumers, length, ...rest } = header
  const value: Infer<typeof Header> = {
    ...rest,
    magic: 0,
    layoutVersion: LAYOUT_VERSION,
    length: BigInt(length),
    shape: SHAPE_STREAM,
    overflow: OVERFLOWS.indexOf(overflow),
    withoutConsumers: WITHOUT_CONSUMERS.indexOf(withoutConsumers),
  }
  Header.write(new DataView(buffer), 0, value)
  new Uint8Array(buffer).set(schema, header.schemaOffset)
  publishMagic(wordsOf(buffer), MAGIC_INDEX, MAGIC)
}

/**
 * Reads the header of a stream. Every number is checked against the others and against the memory's own length.
 *
 * @param buffer the memory, from its start; the header's bytes are enough
 * @param memoryLength bytes of the whole memory
 * @returns undefined when its creator is not done with it
 * @throws LayoutError `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT`
 */
export function readStreamHeader(buffer: ArrayBuffer, memoryLength: number): StreamHeader | undefined {
  if (buffer.byteLength < CHANNEL_HEADER_LENGTH) {
    throw new LayoutError('NOT_A_CHANNEL', 0, `${buffer.byteLength} bytes are too few for a stream`)
  }
  const magic = loadMagic(wordsOf(buffer), MAGIC_INDEX)
  if (magic === 0) return undefined
  if (magic !== MAGIC) {
    throw new LayoutError('NOT_A_CHANNEL', 0, `it begins with 0x${(magic >>> 0).toString(16)}, not with "MLN1"`)
  }
  const found = Header.read(new DataView(buffer), 0)
  if (found.layoutVersion !== LAYOUT_VERSION) {
    const message = `its layout has version ${found.layoutVersion}, this is for version ${LAYOUT_VERSION}`
    throw new LayoutError('VERSION_MISMATCH', Header.fields.layoutVersion.offset, message)
  }
  if (found.shape !== SHAPE_STREAM) {
    throw new LayoutError(
      'NOT_A_CHANNEL',
      Header.fields.shape.offset,
      `its shape ${found.shape} is not that of a stream`,
    )
  }
  const { instance, schemaHash, capacity, producers, consumers, schemaLength } = found
  const wrong = wrongDimension({ capacity, producers, consumers, schemaLength })
  if (wrong !== undefined)
    throw new LayoutError('CORRUPT', Header.fields.capacity.offset, `its header is wrong: ${wrong}`)
  const places = placesOf({ capacity, producers, consumers, schemaLength })
  const overflow = OVERFLOWS[found.overflow]
  const withoutConsumers = WITHOUT_CONSUMERS[found.withoutConsumers]
  if (
    found.length !== BigInt(places.length) ||
    found.schemaOffset !== places.schemaOffset ||
    found.lanesOffset !== places.lanesOffset ||
    places.length > memoryLength ||
    overflow === undefined ||
    withoutConsumers === undefined
  ) {
    throw new LayoutError('CORRUPT', 0, 'the numbers of its header do not fit each other, or its memory')
  }
  return { ...places, instance, overflow, withoutConsumers, capacity, producers, consumers, schemaLength, schemaHash }
}
