/** The parts that only the channel of a latest has: its options, its keys, and its cells. */

import { checkWholeNumber, describeValue, type OptionChecks } from '@memlane/core/internal'
import type { AnyCodec, Board, CodecOf, MemberDescriptor, Members, Schema } from '@memlane/protocol'
import {
  codecOf,
  type KeyPlace,
  keyPlacesOf,
  type LatestControl,
  type LatestFields,
  latestShape,
  MAX_READERS,
  MAX_VALUE_LENGTH,
  ONLY_KEY,
} from '@memlane/protocol/internal'
import { Channel, type CreateChannelOptions, type Described } from './channel.js'

/** The dimensions of a latest. */
export interface LatestOptions {
  /**
   * Bytes of the longest value, for values that vary in length, such as text: 1 to 2^28. The memory has four times as many for each
   * such key. Default 65,536.
   */
  maxMessageLength?: number
  /** How many readers can sleep until a value changes, 1 to 32. Readers with `access: 'read'` are not counted. Default 32. */
  maxReaders?: number
}

export type LatestChannel = Channel<LatestFields, LatestControl>

/** The schema of the only key, or a board of several keys. */
// biome-ignore lint/suspicious/noExplicitAny: a board of any keys
export type LatestSchema = Schema | Board<any>

export const latestChecks: OptionChecks<LatestOptions> = {
  maxMessageLength: checkWholeNumber(1, MAX_VALUE_LENGTH, 'bytes'),
  maxReaders: checkWholeNumber(1, MAX_READERS),
}

/** The keys of a latest, as both sides need them. */
export interface LatestKeys {
  /** What the channel's header describes. */
  readonly schema: Described
  readonly codecs: ReadonlyMap<string, CodecOf<AnyCodec>>
}

/**
 * Returns the keys of a schema.
 *
 * @throws TypeError for anything that is neither a layout, nor a codec, nor a board
 */
export function keysOf(schema: LatestSchema): LatestKeys {
  if (isBoard(schema)) return { schema, codecs: new Map(Object.entries(schema.keys)) }
  const codec: CodecOf<AnyCodec> = codecOf(schema)
  return { schema: codec, codecs: new Map([[ONLY_KEY, codec]]) }
}

export function isBoard(schema: LatestSchema): schema is Board<Members> {
  return typeof schema === 'object' && schema !== null && 'keys' in schema && schema.descriptor?.kind === 'board'
}

/**
 * Creates the channel of a latest. It has no writer yet.
 *
 * @throws SharedMemoryError as `SharedMemory.create`; RangeError if the cells of all keys are too long
 */
export function createLatestChannel(
  name: string,
  keys: LatestKeys,
  { maxMessageLength = 65_536, maxReaders = MAX_READERS, ...createOptions }: LatestOptions & CreateChannelOptions = {},
): LatestChannel {
  const { cellsLength } = keyPlacesOf(payloadsOf(membersOf(keys)), maxMessageLength)
  const fields = { keyCount: keys.codecs.size, maxReaders, maxMessageLength, cellsLength }
  return Channel.create(latestShape, name, keys.schema, fields, createOptions)
}

/** The cells of all keys, mapped. */
export interface Cells {
  readonly buffer: ArrayBuffer
  /** Where each key lies, by its name. */
  readonly places: ReadonlyMap<string, KeyPlace>
}

/**
 * Maps the cells of all keys. They are closed together with the channel.
 *
 * @param members the keys that the memory has, in their order
 * @throws SharedMemoryError `CORRUPT` if the header has other numbers than the schema; as `SharedMemory.open`
 */
export function openCells(
  channel: LatestChannel,
  members: readonly MemberDescriptor[],
  access: 'readwrite' | 'read',
): Cells {
  const { controlLength, cellsLength, maxMessageLength, keyCount } = channel.header
  const { keys, cellsLength: expected } = keyPlacesOf(payloadsOf(members), maxMessageLength)
  if (expected !== cellsLength || keys.length !== keyCount) {
    const numbers = `${keyCount} keys and ${cellsLength} bytes of cells`
    throw channel.error('CORRUPT', `its header has ${numbers}, which does not fit its schema.`)
  }
  const { buffer } = channel.openPart({ offset: controlLength, length: cellsLength }, access)
  return { buffer, places: new Map(members.map(({ name }, index) => [name, keys[index] as KeyPlace])) }
}

/** Describes the keys of a schema, in their order. */
export function membersOf({ codecs }: LatestKeys): MemberDescriptor[] {
  return [...codecs].map(([name, { descriptor }]) => ({ name, payload: descriptor }))
}

const payloadsOf = (members: readonly MemberDescriptor[]) => members.map(({ payload }) => payload)

/** Makes the error for a key that a board does not have. */
export function unknownKey(name: string, key: unknown, keys: ReadonlyMap<string, unknown>): TypeError {
  return new TypeError(`latest "${name}" has no key ${describeValue(key)}. Its keys are ${[...keys.keys()].join(', ')}`)
}
