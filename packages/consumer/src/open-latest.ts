import {
  Channel,
  checkWaitStrategy,
  type EndOn,
  isBoard,
  keysOf,
  type LatestChannel,
  type LatestKeys,
  type LatestSchema,
  type OpenChannelOptions,
  openCells,
  readerKeys,
  type WaitStrategy,
} from '@memlane/channel'
import { SharedMemoryError, type WaitOptions } from '@memlane/core'
import { checkOneOf, checkOptions, type OptionChecks, openChecks, waitChecks } from '@memlane/core/internal'
import type { AnyCodec, Board, CodecOf, Members, Schema, UnknownSchema } from '@memlane/protocol'
import { latestShape, ONLY_KEY } from '@memlane/protocol/internal'
import { BoardReader } from './board-reader.js'
import { LatestReader } from './latest-reader.js'
import { ReaderSlot } from './reader-slot.js'

export interface OpenLatestOptions extends Omit<OpenChannelOptions, 'access'>, WaitOptions {
  /**
   * `readwrite` (default) takes one of the `maxReaders` slots, whose doorbell wakes this reader. The values themselves are mapped
   * read-only. `read` needs neither a slot nor write access; nothing can wake such a reader, so a wait checks the memory 200 times a
   * second (with `waitStrategy: 'spin'`, without a pause). If this option is left out and the system refuses write access, the
   * latest is opened with `read`.
   */
  access?: 'readwrite' | 'read'
  /** How `wait`, `changes` and `waitSync` wait. Default `adaptive`. */
  waitStrategy?: WaitStrategy
  /**
   * When waits and iterations end. `died` (default): when the writer has closed or died. `closed`: when it has closed; if it has died,
   * they wait for a successor. `never`: they wait for new writers, too.
   */
  endOn?: EndOn
}

/** The keys of a latest that is opened without a schema. */
export type UnknownKeys = Readonly<Record<string, UnknownSchema>>

const { trustOwner } = openChecks
const openLatestChecks: OptionChecks<OpenLatestOptions> = {
  waitStrategy: checkWaitStrategy,
  endOn: checkOneOf('died', 'closed', 'never'),
  access: checkOneOf('readwrite', 'read'),
  trustOwner,
  ...waitChecks,
}

/**
 * Becomes a reader of a latest, without a schema: values are plain objects with the names that the schema in the memory has. A latest
 * with one key reads as a board with the key `value`. Otherwise like `openLatest` with a schema.
 *
 * @throws as `openLatest` with a schema; TypeError if values are MessagePack and `memlane/messagepack` was not imported
 */
export function openLatest(
  name: string,
  schema?: undefined,
  options?: OpenLatestOptions,
): Promise<BoardReader<UnknownKeys>>
/**
 * Becomes a reader of a latest. Waits for it to appear.
 *
 * The latest may have another schema than the reader: each key and each field that the reader declares must be there, with the same
 * name and type.
 *
 * @param schema what the values are: a layout, a codec, or a board
 * @throws the signal's reason if it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`, `FULL` if all reader slots are taken,
 * `SCHEMA_MISMATCH`, `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT`, `ACCESS_DENIED`, `NOT_READY`, and as `SharedMemory.open`
 * @throws TypeError for an unknown option or one of the wrong type; RangeError for a `timeoutMs` out of its range
 */
export function openLatest<const M extends Members>(
  name: string,
  schema: Board<M>,
  options?: OpenLatestOptions,
): Promise<BoardReader<M>>
/** As for a board; the latest has one key, so the reader has its methods. */
export function openLatest<S extends Schema>(
  name: string,
  schema: S,
  options?: OpenLatestOptions,
): Promise<LatestReader<S>>
export async function openLatest(
  name: string,
  schema: LatestSchema | undefined,
  options: OpenLatestOptions = {},
): Promise<object> {
  checkOptions('openLatest', options, openLatestChecks)
  const { access, waitStrategy, endOn, ...openOptions } = options
  const declared = schema === undefined ? undefined : keysOf(schema)
  const isSingle = schema !== undefined && !isBoard(schema)
  const open = async (access: 'readwrite' | 'read') => {
    const channel = await Channel.waitFor(latestShape, name, undefined, { ...openOptions, access })
    return readerOver(channel, declared, isSingle, options)
  }
  if (access !== undefined) return open(access)
  try {
    return await open('readwrite')
  } catch (error) {
    if (!(error instanceof SharedMemoryError && error.code === 'ACCESS_DENIED')) throw error
    return open('read')
  }
}

function readerOver(
  channel: LatestChannel,
  declared: LatestKeys | undefined,
  isSingle: boolean,
  { waitStrategy = 'adaptive', endOn = 'died' }: OpenLatestOptions,
): BoardReader<Members> | LatestReader<Schema> {
  try {
    const keys = readerKeys(channel, declared)
    const cells = openCells(channel, keys.members, 'read')
    const slot = new ReaderSlot(channel, waitStrategy, endOn)
    if (!isSingle) return new BoardReader(slot, keys, cells)
    return new LatestReader(slot, keys.codecs.get(ONLY_KEY) as CodecOf<AnyCodec>, cells)
  } catch (error) {
    channel.close()
    throw error
  }
}
