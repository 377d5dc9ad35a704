import { Channel, checkWaitStrategy, type OpenChannelOptions, readerCodec, type StreamChannel } from '@memlane/channel'
import { SharedMemoryError, type WaitOptions } from '@memlane/core'
import { checkOneOf, checkOptions, type OptionChecks, openChecks, waitChecks } from '@memlane/core/internal'
import type { CodecOf, Schema, UnknownSchema } from '@memlane/protocol'
import { codecOf, streamShape } from '@memlane/protocol/internal'
import { type ReaderOptions, StreamReader } from './stream-reader.js'

export interface OpenStreamOptions extends ReaderOptions, Omit<OpenChannelOptions, 'access'>, WaitOptions {
  /**
   * `readwrite` (default) takes a consumer slot, whose doorbell wakes this consumer. `read` is for streams with
   * `overflow: 'overwrite'` whose memory this process may not write. Nothing can wake such a consumer, so a wait checks the stream
   * 200 times a second (with `waitStrategy: 'spin'`, without a pause). If this option is left out and the system refuses write
   * access, such a stream is opened with `read`.
   */
  access?: 'readwrite' | 'read'
}

const { trustOwner } = openChecks
const openStreamChecks: OptionChecks<OpenStreamOptions> = {
  from: checkOneOf('now', 'newest', 'oldest'),
  waitStrategy: checkWaitStrategy,
  endOn: checkOneOf('died', 'closed', 'never'),
  access: checkOneOf('readwrite', 'read'),
  trustOwner,
  ...waitChecks,
}

/**
 * Becomes a consumer of a stream, without a schema: messages are plain objects with the names that the stream's schema has. Otherwise
 * like `openStream` with a schema.
 *
 * @throws as `openStream` with a schema; TypeError if the messages are MessagePack and `memlane/messagepack` was not imported
 */
export function openStream(
  name: string,
  schema?: undefined,
  options?: OpenStreamOptions,
): Promise<StreamReader<UnknownSchema>>
/**
 * Becomes a consumer of a stream. Waits for the stream to appear. The consumer takes one of the stream's `maxConsumers` slots, also
 * with `overflow: 'overwrite'`, unless it opens the memory with `access: 'read'`.
 *
 * The stream may have another schema than the consumer: each field that the consumer declares must be there, with the same name and
 * type. Fields may be added, and lie elsewhere. This costs nothing per message.
 *
 * @param schema what the messages are: a layout (struct) or a codec
 * @throws the signal's reason if it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`, `FULL` if all
 * consumer slots are taken, `SCHEMA_MISMATCH`, `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT`, `ACCESS_DENIED`,
 * `NOT_READY`, and as `SharedMemory.open`
 * @throws TypeError for an unknown option or one of the wrong type; RangeError for a `timeoutMs` out of its range
 */
export function openStream<S extends Schema>(
  name: string,
  schema: S,
  options?: OpenStreamOptions,
): Promise<StreamReader<S>>
export async function openStream<S extends Schema>(
  name: string,
  schema: S | undefined,
  options: OpenStreamOptions = {},
): Promise<StreamReader<S>> {
  checkOptions('openStream', options, openStreamChecks)
  const codec = schema === undefined ? undefined : codecOf(schema)
  const { access, from, waitStrategy, endOn, ...openOptions } = options
  const open = (access: 'readwrite' | 'read') => {
    return Channel.waitFor(streamShape, name, undefined, { ...openOptions, access })
  }
  if (access !== undefined) return readerOver(await open(access), codec, options)
  try {
    return readerOver(await open('readwrite'), codec, options)
  } catch (error) {
    if (!(error instanceof SharedMemoryError && error.code === 'ACCESS_DENIED')) throw error
    return readerOver(await open('read'), codec, options, error)
  }
}

/** @param denied the error with which the system refused write access, if it did */
function readerOver<S extends Schema>(
  channel: StreamChannel,
  declared: CodecOf<S> | undefined,
  options: ReaderOptions,
  denied?: SharedMemoryError,
): StreamReader<S> {
  try {
    const codec = readerCodec(channel, declared)
    if (channel.memory.access === 'read' && channel.header.overflow === 'wait') throw needsToWrite(channel, denied)
    return new StreamReader<S>(channel, codec, options)
  } catch (error) {
    channel.close()
    throw error
  }
}

function needsToWrite(channel: StreamChannel, denied: SharedMemoryError | undefined): SharedMemoryError {
  const remedy =
    denied === undefined
      ? 'Open it with access: "readwrite"'
      : 'Let its creator grant that (mode: 0o660 or 0o666 on Linux, securityDescriptor on Windows)'
  return channel.error(
    'ACCESS_DENIED',
    'its producers wait for their consumers, so each consumer must write to the memory of the stream how far it has read. ' +
      `${remedy}, or create the stream with overflow: "overwrite", which consumers may read without writing.`,
    denied,
  )
}
