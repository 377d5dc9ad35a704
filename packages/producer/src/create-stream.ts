import {
  Channel,
  type CreateChannelOptions,
  checkSameOptions,
  checkWaitStrategy,
  claimSlot,
  claimSlotAlone,
  createOrContinue,
  createStreamChannel,
  type OpenChannelOptions,
  type StreamChannel,
  type StreamOptions,
  streamChecks,
  type WaitStrategy,
} from '@memlane/channel'
import type { WaitOptions } from '@memlane/core'
import {
  checkOneOf,
  checkOptions,
  checkWholeNumber,
  createChecks,
  type OptionChecks,
  openChecks,
  waitChecks,
} from '@memlane/core/internal'
import type { CodecOf, Schema } from '@memlane/protocol'
import { codecOf, streamShape } from '@memlane/protocol/internal'
import { StreamWriter } from './stream-writer.js'

/** How a producer takes part in a stream. */
export interface JoinOptions {
  /** The lane to take, from 0 to `maxProducers` - 1. Default: a lane whose producer died, or else the first free one. */
  lane?: number
  /** How `send`, `sendBatch`, `flush`, `ready`, `sendSync` and `readySync` wait. Default `adaptive`. */
  waitStrategy?: WaitStrategy
}

/** Options of `createStream`. */
export interface CreateStreamOptions
  extends StreamOptions,
    CreateChannelOptions,
    JoinOptions,
    Pick<OpenChannelOptions, 'trustOwner'> {
  /**
   * What to do if a stream of that name exists already.
   *
   * - `take-over` (default): continues the stream if none of its producers lives, for instance after a crash. Otherwise throws
   *   `ALREADY_EXISTS`.
   * - `join`: becomes one more producer of the stream.
   * - `refuse`: throws `ALREADY_EXISTS`.
   */
  existing?: 'take-over' | 'join' | 'refuse'
}

export interface JoinStreamOptions extends JoinOptions, Omit<OpenChannelOptions, 'access'>, WaitOptions {}

const joinChecks: OptionChecks<JoinOptions> = {
  lane: checkWholeNumber(0, 63),
  waitStrategy: checkWaitStrategy,
}
const { mode, securityDescriptor, persistent } = createChecks
const { trustOwner } = openChecks
const createStreamChecks: OptionChecks<CreateStreamOptions> = {
  ...streamChecks,
  ...joinChecks,
  mode,
  securityDescriptor,
  persistent,
  trustOwner,
  existing: checkOneOf('take-over', 'join', 'refuse'),
}
const joinStreamChecks: OptionChecks<JoinStreamOptions> = { ...joinChecks, trustOwner, ...waitChecks }

const ADVICE =
  'Close that producer first, become one more producer with existing: "join" or joinStream, or create a stream of another name.'

/**
 * Creates a stream, or continues a stream whose producers have closed or died, and becomes its producer. The stream lives until
 * its last producer and consumer have closed or died. Blocks while another process is creating or taking over a stream of that
 * name, for a second at most.
 *
 * An existing stream keeps the options with which it was created. An option that asks for another value throws
 * `OPTIONS_MISMATCH`. `mode`, `securityDescriptor` and `persistent` are used only if this call creates the memory.
 *
 * @param schema what the messages are: a layout (struct) or a codec
 * @throws SharedMemoryError `ALREADY_EXISTS` if a producer lives (the error message has its process id), or with
 * `existing: 'refuse'`; `OPTIONS_MISMATCH`; as `SharedMemory.create`; and as `joinStream` if there is a stream
 * @throws TypeError for an unknown option or one of the wrong type; RangeError for dimensions that no stream can have, for
 * messages that are too long for them, or for a `lane` that the stream does not have
 */
export function createStream<S extends Schema>(
  name: string,
  schema: S,
  options: CreateStreamOptions = {},
): StreamWriter<S> {
  checkOptions('createStream', options, createStreamChecks)
  const { existing = 'take-over', lane, waitStrategy, trustOwner = false, ...channelOptions } = options
  const codec = codecOf(schema)
  return createOrContinue(
    streamShape,
    name,
    { refuses: existing === 'refuse', others: 'producers' },
    () => {
      const channel = createStreamChannel(name, codec, channelOptions)
      return writerOver(channel, codec, waitStrategy, () =>
        existing === 'join' ? claimLane(channel, lane) : claimLaneAlone(channel, lane, true),
      )
    },
    () => {
      const channel = Channel.open(streamShape, name, codec, { trustOwner })
      return writerOver(channel, codec, waitStrategy, () => {
        checkSameOptions(channel, options, streamChecks, 'close all of its producers and consumers and create it again')
        return existing === 'join' ? claimLane(channel, lane) : claimLaneAlone(channel, lane, false)
      })
    },
  )
}

/**
 * Becomes one more producer of a stream. Waits for the stream to appear. If an earlier producer has died, continues its lane after
 * the last whole message.
 *
 * @throws the signal's reason if it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`, `FULL` if all
 * producer slots are taken, `SCHEMA_MISMATCH`, `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT`, `NOT_READY`, and as
 * `SharedMemory.open`
 * @throws TypeError for an unknown option or one of the wrong type; RangeError for a number out of its range
 */
export async function joinStream<S extends Schema>(
  name: string,
  schema: S,
  options: JoinStreamOptions = {},
): Promise<StreamWriter<S>> {
  checkOptions('joinStream', options, joinStreamChecks)
  const { lane, waitStrategy, ...openOptions } = options
  const codec = codecOf(schema)
  const channel = await Channel.waitFor(streamShape, name, codec, openOptions)
  return writerOver(channel, codec, waitStrategy, () => claimLane(channel, lane))
}

function claimLane(channel: StreamChannel, lane: number | undefined): number {
  return claimSlot(channel, channel.control.producers, laneWish(channel, lane)).slot
}

function claimLaneAlone(channel: StreamChannel, lane: number | undefined, isCreator: boolean): number {
  const { control } = channel
  const stateOf = (slot: number) => control.stateOf(slot)
  return claimSlotAlone(channel, control.producers, stateOf, ADVICE, isCreator, laneWish(channel, lane)).slot
}

/** Prefers lanes whose producers died: then the new producer continues such a lane. */
function laneWish({ control }: StreamChannel, lane: number | undefined) {
  return { only: lane, prefers: (slot: number) => control.stateOf(slot) === 'open' }
}

function writerOver<S extends Schema>(
  channel: StreamChannel,
  codec: CodecOf<S>,
  waitStrategy: WaitStrategy | undefined,
  claim: () => number,
): StreamWriter<S> {
  try {
    return new StreamWriter<S>(channel, codec, claim(), waitStrategy)
  } catch (error) {
    channel.close()
    throw error
  }
}
