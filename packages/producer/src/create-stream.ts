import {
  Channel,
  type CreateChannelOptions,
  createStreamChannel,
  type OpenChannelOptions,
  type StreamChannel,
  type StreamOptions,
} from '@memlane/channel'
import { SharedMemoryError, type WaitOptions } from '@memlane/core'
import type { CodecOf, Schema } from '@memlane/protocol'
import { codecOf, streamShape } from '@memlane/protocol/internal'
import { type JoinOptions, StreamWriter } from './stream-writer.js'

/** Options of `createStream`. */
export interface CreateStreamOptions
  extends StreamOptions,
    CreateChannelOptions,
    JoinOptions,
    Pick<OpenChannelOptions, 'trustOwner'> {
  /** What to do if the name is taken: fail with `ALREADY_EXISTS` (default), or join the stream of that name. */
  existing?: 'refuse' | 'join'
}

/**
 * Creates a stream, and becomes its first producer. It lives until its last producer and consumer have closed.
 *
 * With `existing: 'join'`, a stream that is already there keeps the dimensions that it was created with.
 *
 * @param schema what the messages are: a layout (struct) or a codec
 * @throws SharedMemoryError as `SharedMemory.create`; with `existing: 'join'` also as `joinStream`
 * @throws RangeError for dimensions that no stream can have, or messages that are too long for them
 */
export function createStream<S extends Schema>(
  name: string,
  schema: S,
  options: CreateStreamOptions = {},
): StreamWriter<S> {
  const { existing = 'refuse', lane, waitStrategy, trustOwner, ...channelOptions } = options
  if (existing !== 'refuse' && existing !== 'join') {
    throw new TypeError(`existing must be "refuse" or "join", not ${JSON.stringify(existing)}`)
  }
  const codec = codecOf(schema)
  const joinOptions = { ...(lane !== undefined && { lane }), ...(waitStrategy !== undefined && { waitStrategy }) }
  for (;;) {
    try {
      return writerOver(createStreamChannel(name, codec, channelOptions), codec, joinOptions)
    } catch (error) {
      if (existing !== 'join' || !isCode(error, 'ALREADY_EXISTS')) throw error
    }
    try {
      return writerOver(Channel.open(streamShape, name, codec, { trustOwner: trustOwner ?? false }), codec, joinOptions)
    } catch (error) {
      if (!isCode(error, 'NOT_FOUND')) throw error // else the stream has gone meanwhile
    }
  }
}

export interface JoinStreamOptions extends JoinOptions, Omit<OpenChannelOptions, 'access'>, WaitOptions {}

/**
 * Becomes one more producer of a stream; waits for the stream to appear. If a producer has died, continues its lane after its
 * last whole message.
 *
 * @throws the signal's reason if it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`, `FULL` if all
 * producer slots are taken, `SCHEMA_MISMATCH`, `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT`, and as `SharedMemory.open`
 */
export async function joinStream<S extends Schema>(
  name: string,
  schema: S,
  options: JoinStreamOptions = {},
): Promise<StreamWriter<S>> {
  const codec = codecOf(schema)
  return writerOver(await Channel.waitFor(streamShape, name, codec, options), codec, options)
}

function writerOver<S extends Schema>(
  channel: StreamChannel,
  codec: CodecOf<S>,
  options: JoinOptions,
): StreamWriter<S> {
  try {
    return new StreamWriter<S>(channel, codec, options)
  } catch (error) {
    channel.close()
    throw error
  }
}

function isCode(error: unknown, code: SharedMemoryError['code']): boolean {
  return error instanceof SharedMemoryError && error.code === code
}
