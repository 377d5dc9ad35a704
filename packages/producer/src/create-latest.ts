import {
  Channel,
  type CreateChannelOptions,
  checkSameOptions,
  claimSlotAlone,
  createLatestChannel,
  createOrContinue,
  isBoard,
  keysOf,
  type LatestChannel,
  type LatestKeys,
  type LatestOptions,
  type LatestSchema,
  latestChecks,
  membersOf,
  type OpenChannelOptions,
  openCells,
} from '@memlane/channel'
import { checkOneOf, checkOptions, createChecks, type OptionChecks, openChecks } from '@memlane/core/internal'
import type { AnyCodec, Board, CodecOf, Members, Schema } from '@memlane/protocol'
import { latestShape, ONLY_KEY } from '@memlane/protocol/internal'
import { BoardWriter } from './board-writer.js'
import { LatestWriter } from './latest-writer.js'
import { WriterSlot } from './writer-slot.js'

/** Options of `createLatest`. */
export interface CreateLatestOptions
  extends LatestOptions,
    CreateChannelOptions,
    Pick<OpenChannelOptions, 'trustOwner'> {
  /**
   * What to do if a latest of that name exists already.
   *
   * - `take-over` (default): continues it if its writer does not live, for instance after a crash. Otherwise throws
   *   `ALREADY_EXISTS`.
   * - `refuse`: throws `ALREADY_EXISTS`.
   */
  existing?: 'take-over' | 'refuse'
}

const { mode, securityDescriptor, persistent } = createChecks
const { trustOwner } = openChecks
const createLatestOptionChecks: OptionChecks<CreateLatestOptions> = {
  ...latestChecks,
  mode,
  securityDescriptor,
  persistent,
  trustOwner,
  existing: checkOneOf('take-over', 'refuse'),
}

const ADVICE = 'Close that writer first, or create a latest of another name.'

/**
 * Creates a latest, or continues one whose writer has closed or died, and becomes its writer. The old values stay, and versions go on.
 * The latest lives until its writer and its last reader have closed or died. Blocks while another process is creating or taking over
 * a latest of that name, for a second at most.
 *
 * An existing latest keeps the options with which it was created. An option that asks for another value throws
 * `OPTIONS_MISMATCH`. `mode`, `securityDescriptor` and `persistent` are used only if this call creates the memory.
 *
 * @param schema what the values are: a layout (struct) or a codec; or a `board` of several keys
 * @throws SharedMemoryError `ALREADY_EXISTS` if a writer lives (the error message has its process id), or with
 * `existing: 'refuse'`; `OPTIONS_MISMATCH`; as `SharedMemory.create`; and as `SharedMemory.open`, `SCHEMA_MISMATCH`,
 * `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT` if the name is taken
 * @throws TypeError for an unknown option or one of the wrong type; RangeError for a number out of its range
 */
export function createLatest<const M extends Members>(
  name: string,
  schema: Board<M>,
  options?: CreateLatestOptions,
): BoardWriter<M>
export function createLatest<S extends Schema>(name: string, schema: S, options?: CreateLatestOptions): LatestWriter<S>
export function createLatest(
  name: string,
  schema: LatestSchema,
  options: CreateLatestOptions = {},
): BoardWriter<Members> | LatestWriter<Schema> {
  checkOptions('createLatest', options, createLatestOptionChecks)
  const { existing = 'take-over', trustOwner = false, ...channelOptions } = options
  const keys = keysOf(schema)
  return createOrContinue(
    latestShape,
    name,
    { refuses: existing === 'refuse', others: 'writer' },
    () => writerOver(createLatestChannel(name, keys, channelOptions), schema, keys, true),
    () => {
      const channel = Channel.open(latestShape, name, keys.schema, { trustOwner })
      return writerOver(channel, schema, keys, false, options)
    },
  )
}

/** @param options the options to which an existing latest must conform */
function writerOver(
  channel: LatestChannel,
  schema: LatestSchema,
  keys: LatestKeys,
  isCreator: boolean,
  options: LatestOptions = {},
): BoardWriter<Members> | LatestWriter<Schema> {
  try {
    checkSameOptions(channel, options, latestChecks, 'close its writer and all of its readers and create it again')
    const { control } = channel
    claimSlotAlone(channel, control.writers, () => control.writerState, ADVICE, isCreator, {})
    const cells = openCells(channel, membersOf(keys), 'readwrite')
    const slot = new WriterSlot(channel)
    if (isBoard(schema)) return new BoardWriter(slot, keys, cells)
    return new LatestWriter(slot, keys.codecs.get(ONLY_KEY) as CodecOf<AnyCodec>, cells)
  } catch (error) {
    channel.close()
    throw error
  }
}
