import { Channel, checkWaitStrategy, type OpenChannelOptions, readerCodec, type WaitStrategy } from '@memlane/channel'
import type { WaitOptions } from '@memlane/core'
import { checkOptions, type OptionChecks, openChecks, waitChecks } from '@memlane/core/internal'
import type { CodecOf, Schema, UnknownSchema } from '@memlane/protocol'
import { codecOf, queueShape } from '@memlane/protocol/internal'
import { QueueReader } from './queue-reader.js'

export interface OpenQueueOptions extends Omit<OpenChannelOptions, 'access'>, WaitOptions {
  /** How `take`, `process`, `for await` and the others wait. Default `adaptive`. */
  waitStrategy?: WaitStrategy
}

const { trustOwner } = openChecks
const openQueueChecks: OptionChecks<OpenQueueOptions> = { waitStrategy: checkWaitStrategy, trustOwner, ...waitChecks }

/**
 * Becomes a consumer of a queue, without a schema: messages are plain objects with the names that the queue's schema has. Otherwise
 * like `openQueue` with a schema.
 *
 * @throws as `openQueue` with a schema; TypeError if the messages are MessagePack and `memlane/messagepack` was not imported
 */
export function openQueue(
  name: string,
  schema?: undefined,
  options?: OpenQueueOptions,
): Promise<QueueReader<UnknownSchema>>
/**
 * Becomes a consumer of a queue. Waits for the queue to appear.
 *
 * The queue may have another schema than the consumer: each field that the consumer declares must be there, with the same name and
 * type. Fields may be added, and lie elsewhere. This costs nothing per message.
 *
 * @param schema what the messages are: a layout (struct) or a codec
 * @throws the signal's reason if it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`, `FULL` if all consumer places are taken,
 * `SCHEMA_MISMATCH`, `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT`, `ACCESS_DENIED`, `NOT_READY`, and as `SharedMemory.open`
 * @throws TypeError for an unknown option or one of the wrong type; RangeError for a `timeoutMs` out of its range
 */
export function openQueue<S extends Schema>(
  name: string,
  schema: S,
  options?: OpenQueueOptions,
): Promise<QueueReader<S>>
export async function openQueue<S extends Schema>(
  name: string,
  schema: S | undefined,
  options: OpenQueueOptions = {},
): Promise<QueueReader<S>> {
  checkOptions('openQueue', options, openQueueChecks)
  const declared = schema === undefined ? undefined : codecOf(schema)
  const { waitStrategy, ...openOptions } = options
  const channel = await Channel.waitFor(queueShape, name, undefined, openOptions)
  try {
    return new QueueReader<S>(channel, readerCodec<CodecOf<S>>(channel, declared), waitStrategy)
  } catch (error) {
    channel.close()
    throw error
  }
}
