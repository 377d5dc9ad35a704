/**
 * The first bytes of every channel, of any shape (see shape.ts). The creator of the channel writes them once,
 * the magic word last. A reader that finds another magic word reads nothing more.
 *
 *   0   magic           u32   "MLN1"; 0 while the creator is not done
 *   4   layoutVersion   u32
 *   8   length          u64   bytes of the whole memory
 *   16  instance        16 bytes, random: tells this channel from an earlier or a later one of the same name
 *   32  shape           u32   1: stream, 2: latest, 3: queue, 4: call
 *   36  the shape's own fields, 20 bytes
 *   56  schemaOffset    u32   where the schema's descriptor begins
 *   60  schemaLength    u32   bytes of the descriptor
 *   64  controlLength   u32   bytes of the control part, which ends with the schema; a multiple of 64 KiB
 *   68  0               u32
 *   72  schemaHash      u64   FNV-1a of the descriptor
 */

import { hashDescriptor } from '../codec/descriptor.js'
import { bytes } from '../layout/bytes.js'
import { at } from '../layout/field-placement.js'
import { LayoutError } from '../layout/layout-error.js'
import { u32, u64 } from '../layout/scalar.js'
import { struct } from '../layout/struct.js'
import { loadMagic, publishMagic, wordsOf } from '../memory/atomics.js'
import type { ChannelHeader, Shape } from './shape.js'

/** "MLN1" in memory. */
const MAGIC = 0x314e_4c4d
const LAYOUT_VERSION = 2
const MAX_SCHEMA_LENGTH = 1_048_576

const SHAPE_FIELDS_OFFSET = 36

/** The names of the shapes, for error messages about a channel of another shape than the expected one. */
const SHAPE_NAMES: Readonly<Record<number, string>> = { 1: 'stream', 2: 'latest', 3: 'queue', 4: 'call' }

const Header = struct('ChannelHeader', {
  magic: u32,
  layoutVersion: u32,
  length: u64,
  instance: bytes(16),
  shape: u32,
  schemaOffset: at(56, u32),
  schemaLength: u32,
  controlLength: u32,
  schemaHash: u64,
})
const MAGIC_INDEX = 0

/** Bytes that a reader needs before it knows where the rest is. */
export const CHANNEL_HEADER_LENGTH: number = Header.length

/**
 * Makes the header of a channel that is to be created.
 *
 * @param schema the schema's descriptor
 * @param instance 16 random bytes
 * @throws RangeError for fields that no channel of that shape can have
 */
export function newChannelHeader<Fields extends object>(
  shape: Shape<Fields, unknown>,
  fields: Fields,
  schema: Uint8Array,
  instance: Uint8Array,
): ChannelHeader & Fields {
  const problem = problemOf(shape, fields, schema.length)
  if (problem !== undefined) throw new RangeError(problem)
  const places = shape.placesOf(fields, schema.length)
  return { ...fields, ...places, instance, schemaLength: schema.length, schemaHash: hashDescriptor(schema) }
}

/** Turns memory that is all zeros into a channel. */
export function writeChannelHeader<Fields extends object>(
  buffer: ArrayBuffer,
  shape: Shape<Fields, unknown>,
  header: ChannelHeader & Fields,
  schema: Uint8Array,
): void {
  const { length, instance, schemaOffset, schemaLength, controlLength, schemaHash } = header
  const view = new DataView(buffer)
  Header.write(view, 0, {
    magic: 0,
    layoutVersion: LAYOUT_VERSION,
    length: BigInt(length),
    instance,
    shape: shape.id,
    schemaOffset,
    schemaLength,
    controlLength,
    schemaHash,
  })
  shape.fields.write(view, SHAPE_FIELDS_OFFSET, header)
  new Uint8Array(buffer).set(schema, schemaOffset)
  publishMagic(wordsOf(buffer), MAGIC_INDEX, MAGIC)
}

/**
 * Tells which kind of channel a memory seems to hold, for error messages about memory that was opened as something else.
 *
 * @param buffer the memory, from its start; the header's bytes are enough
 * @param memoryLength bytes of the whole memory
 * @returns its shape, such as `stream`, or `channel` for a shape that this version does not know; undefined if it seems to hold none
 */
export function channelShapeIn(buffer: ArrayBuffer, memoryLength: number): string | undefined {
  if (buffer.byteLength < CHANNEL_HEADER_LENGTH || loadMagic(wordsOf(buffer), MAGIC_INDEX) !== MAGIC) return undefined
  const { layoutVersion, length, shape } = Header.read(new DataView(buffer), 0)
  const isLikely =
    layoutVersion > 0 && layoutVersion < 1000 && length >= CHANNEL_HEADER_LENGTH && length <= memoryLength
  return isLikely ? (SHAPE_NAMES[shape] ?? 'channel') : undefined
}

/**
 * Reads the header of a channel. Checks every number against the others and against the memory's length.
 *
 * @param buffer the memory, from its start; the header's bytes are enough
 * @param memoryLength bytes of the whole memory
 * @returns undefined if the creator has not finished it
 * @throws LayoutError `NOT_A_CHANNEL`, also for another shape; `VERSION_MISMATCH`, `CORRUPT`
 */
export function readChannelHeader<Fields extends object>(
  buffer: ArrayBuffer,
  memoryLength: number,
  shape: Shape<Fields, unknown>,
): (ChannelHeader & Fields) | undefined {
  if (buffer.byteLength < CHANNEL_HEADER_LENGTH) {
    throw new LayoutError('NOT_A_CHANNEL', 0, `${buffer.byteLength} bytes are too few for a ${shape.name}`)
  }
  const magic = loadMagic(wordsOf(buffer), MAGIC_INDEX)
  if (magic === 0) return undefined
  if (magic !== MAGIC) throw notAChannel(magic, shape.name)
  const view = new DataView(buffer)
  const found = Header.read(view, 0)
  if (found.layoutVersion !== LAYOUT_VERSION) {
    const message =
      `its layout version is ${found.layoutVersion}, and this version of memlane needs ${LAYOUT_VERSION}. ` +
      'Use the same version of memlane in all processes'
    throw new LayoutError('VERSION_MISMATCH', Header.fields.layoutVersion.offset, message)
  }
  if (found.shape !== shape.id) throw anotherShape(found.shape, shape.name)
  const fields = shape.fields.read(view, SHAPE_FIELDS_OFFSET)
  const problem = problemOf(shape, fields, found.schemaLength)
  if (problem !== undefined) {
    throw new LayoutError('CORRUPT', SHAPE_FIELDS_OFFSET, `its header is wrong: ${problem}`)
  }
  const places = shape.placesOf(fields, found.schemaLength)
  if (
    found.length !== BigInt(places.length) ||
    found.schemaOffset !== places.schemaOffset ||
    found.controlLength !== places.controlLength ||
    places.length > memoryLength
  ) {
    throw new LayoutError('CORRUPT', 0, 'the numbers of its header do not fit each other, or its memory')
  }
  const { instance, schemaLength, schemaHash } = found
  return { ...fields, ...places, instance, schemaLength, schemaHash }
}

/** Tells whether memory holds the channel from which a header was read, and not an earlier or later one of the same name. */
export function isSameInstance(buffer: ArrayBuffer, { instance }: ChannelHeader): boolean {
  const found = new Uint8Array(buffer, Header.fields.instance.offset, instance.length)
  return instance.every((byte, index) => byte === found[index])
}

function problemOf<Fields extends object>(
  shape: Shape<Fields, unknown>,
  fields: Fields,
  schemaLength: number,
): string | undefined {
  if (!(Number.isInteger(schemaLength) && schemaLength >= 2 && schemaLength <= MAX_SCHEMA_LENGTH)) {
    return `the schema's descriptor has ${schemaLength} bytes, not 2 to ${MAX_SCHEMA_LENGTH}`
  }
  return shape.problemOf(fields)
}

function notAChannel(magic: number, wanted: string): LayoutError {
  const found = `0x${(magic >>> 0).toString(16).padStart(8, '0')}`
  const message =
    `it is no ${wanted}: it begins with ${found}, not with "MLN1". It may be a region (openRegion), or memory of another ` +
    'program'
  return new LayoutError('NOT_A_CHANNEL', 0, message)
}

function anotherShape(found: number, wanted: string): LayoutError {
  const name = SHAPE_NAMES[found]
  const what = name === undefined ? `a channel of a shape that this version does not know (${found})` : `a ${name}`
  return new LayoutError('NOT_A_CHANNEL', Header.fields.shape.offset, `it is ${what}, no ${wanted}`)
}
