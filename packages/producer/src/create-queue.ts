import {
  Channel,
  type CreateChannelOptions,
  checkSameOptions,
  checkWaitStrategy,
  claimSlot,
  claimSlotAlone,
  createOrContinue,
  createQueueChannel,
  type OpenChannelOptions,
  type QueueChannel,
  type QueueOptions,
  queueChecks,
  type WaitStrategy,
} from '@memlane/channel'
import type { WaitOptions } from '@memlane/core'
import {
  checkOneOf,
  checkOptions,
  createChecks,
  type OptionChecks,
  openChecks,
  waitChecks,
} from '@memlane/core/internal'
import type { CodecOf, Schema } from '@memlane/protocol'
import { codecOf, queueShape } from '@memlane/protocol/internal'
import { QueueWriter } from './queue-writer.js'

/** Options of `createQueue`. */
export interface CreateQueueOptions extends QueueOptions, CreateChannelOptions, Pick<OpenChannelOptions, 'trustOwner'> {
  /**
   * What to do if a queue of that name exists already.
   *
   * - `take-over` (default): continues the queue if none of its producers lives, for instance after a crash. Otherwise throws
   *   `ALREADY_EXISTS`.
   * - `join`: becomes one more producer of the queue.
   * - `refuse`: throws `ALREADY_EXISTS`.
   */
  existing?: 'take-over' | 'join' | 'refuse'
  /** How `send`, `sendBatch`, `flush`, `ready`, `sendSync` and `readySync` wait. Default `adaptive`. */
  waitStrategy?: WaitStrategy
}

export interface JoinQueueOptions extends Omit<OpenChannelOptions, 'access'>, WaitOptions {
  /** How `send`, `sendBatch`, `flush`, `ready`, `sendSync` and `readySync` wait. Default `adaptive`. */
  waitStrategy?: WaitStrategy
}

const { mode, securityDescriptor, persistent } = createChecks
const { trustOwner } = openChecks
const createQueueChecks: OptionChecks<CreateQueueOptions> = {
  ...queueChecks,
  mode,
  securityDescriptor,
  persistent,
  trustOwner,
  existing: checkOneOf('take-over', 'join', 'refuse'),
  waitStrategy: checkWaitStrategy,
}
const joinQueueChecks: OptionChecks<JoinQueueOptions> = { waitStrategy: checkWaitStrategy, trustOwner, ...waitChecks }

const ADVICE =
  'Close that producer first, become one more producer with existing: "join" or joinQueue, or create a queue of another name.'

/**
 * Creates a queue, or continues a queue whose producers have closed or died, and becomes its producer. The queue lives until its
 * last producer and consumer have closed or died: then the messages in it are gone. Blocks while another process is creating or
 * taking over a queue of that name, for a second at most.
 *
 * An existing queue keeps the options with which it was created. An option that asks for another value throws
 * `OPTIONS_MISMATCH`. `mode`, `securityDescriptor` and `persistent` are used only if this call creates the memory.
 *
 * @param schema what the messages are: a layout (struct) or a codec
 * @throws SharedMemoryError `ALREADY_EXISTS` if a producer lives (the error message has its process id), or with
 * `existing: 'refuse'`; `OPTIONS_MISMATCH`; as `SharedMemory.create`; and as `joinQueue` if there is a queue
 * @throws TypeError for an unknown option or one of the wrong type; RangeError for dimensions that no queue can have, or for
 * messages that are too long for them
 */
export function createQueue<S extends Schema>(
  name: string,
  schema: S,
  options: CreateQueueOptions = {},
): QueueWriter<S> {
  checkOptions('createQueue', options, createQueueChecks)
  const { existing = 'take-over', waitStrategy, trustOwner = false, ...channelOptions } = options
  const codec = codecOf(schema)
  return createOrContinue(
    queueShape,
    name,
    { refuses: existing === 'refuse', others: 'producers' },
    () => {
      const channel = createQueueChannel(name, codec, channelOptions)
      return writerOver(channel, codec, waitStrategy, () =>
        existing === 'join' ? claimPlace(channel) : claimPlaceAlone(channel, true),
      )
    },
    () => {
      const channel = Channel.open(queueShape, name, codec, { trustOwner })
      return writerOver(channel, codec, waitStrategy, () => {
        checkSameOptions(channel, options, queueChecks, 'close all of its producers and consumers and create it again')
        return existing === 'join' ? claimPlace(channel) : claimPlaceAlone(channel, false)
      })
    },
  )
}

/**
 * Becomes one more producer of a queue. Waits for the queue to appear. If an earlier producer has died, continues in its slots.
 *
 * @throws the signal's reason if it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`, `FULL` if all producer places are
 * taken, `SCHEMA_MISMATCH`, `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT`, `NOT_READY`, and as `SharedMemory.open`
 * @throws TypeError for an unknown option or one of the wrong type; RangeError for a number out of its range
 */
export async function joinQueue<S extends Schema>(
  name: string,
  schema: S,
  options: JoinQueueOptions = {},
): Promise<QueueWriter<S>> {
  checkOptions('joinQueue', options, joinQueueChecks)
  const { waitStrategy, ...openOptions } = options
  const codec = codecOf(schema)
  const channel = await Channel.waitFor(queueShape, name, codec, openOptions)
  return writerOver(channel, codec, waitStrategy, () => claimPlace(channel))
}

/** Prefers places whose producers died: then the new producer continues in their slots. */
const wishOf = ({ control }: QueueChannel) => ({ prefers: (place: number) => control.stateOf(place) === 'open' })

function claimPlace(channel: QueueChannel): number {
  return claimSlot(channel, channel.control.producers, wishOf(channel)).slot
}

function claimPlaceAlone(channel: QueueChannel, isCreator: boolean): number {
  const { control } = channel
  const stateOf = (place: number) => control.stateOf(place)
  return claimSlotAlone(channel, control.producers, stateOf, ADVICE, isCreator, wishOf(channel)).slot
}

function writerOver<S extends Schema>(
  channel: QueueChannel,
  codec: CodecOf<S>,
  waitStrategy: WaitStrategy | undefined,
  claim: () => number,
): QueueWriter<S> {
  try {
    return new QueueWriter<S>(channel, codec, claim(), waitStrategy)
  } catch (error) {
    channel.close()
    throw error
  }
}
