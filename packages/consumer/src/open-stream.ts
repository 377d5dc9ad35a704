import { Channel, type OpenChannelOptions, type StreamChannel } from '@memlane/channel'
import { SharedMemoryError, type WaitOptions } from '@memlane/core'
import type { CodecOf, Schema } from '@memlane/protocol'
import { codecOf, streamShape } from '@memlane/protocol/internal'
import { type ReaderOptions, StreamReader } from './stream-reader.js'

export interface OpenStreamOptions extends ReaderOptions, Omit<OpenChannelOptions, 'access'>, WaitOptions {
  /**
   * `readwrite` (default) takes a consumer slot; its bell wakes this consumer. `read` is for streams with
   * `overflow: 'overwrite'` whose memory this process may not write: it looks 200 times a second, as nothing can wake it. If the
   * system refuses write access, such a stream is opened this way by default.
   */
  access?: 'readwrite' | 'read'
}

/**
 * Becomes a consumer of a stream; waits for the stream to appear.
 *
 * @param schema what the messages are: the same layout or codec as the producer's
 * @throws the signal's reason if it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`, `FULL` if all
 * consumer slots are taken, `SCHEMA_MISMATCH`, `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT`, `ACCESS_DENIED`, and as
 * `SharedMemory.open`
 */
export async function openStream<S extends Schema>(
  name: string,
  schema: S,
  options: OpenStreamOptions = {},
): Promise<StreamReader<S>> {
  const codec = codecOf(schema)
  const { access, ...rest } = options
  try {
    return readerOver(
      await Channel.waitFor(streamShape, name, codec, { ...rest, access: access ?? 'readwrite' }),
      codec,
      rest,
    )
  } catch (error) {
    const denied = error instanceof SharedMemoryError && error.code === 'ACCESS_DENIED'
    if (!denied || access !== undefined) throw error
    const channel = await Channel.waitFor(streamShape, name, codec, { ...rest, access: 'read' })
    if (channel.header.overflow === 'overwrite') return readerOver(channel, codec, rest)
    channel.close()
    throw error
  }
}

function readerOver<S extends Schema>(
  channel: StreamChannel,
  codec: CodecOf<S>,
  options: ReaderOptions,
): StreamReader<S> {
  try {
    if (channel.memory.access === 'read' && channel.header.overflow === 'wait') {
      throw channel.error(
        'ACCESS_DENIED',
        'its producers wait for their consumers, which therefore must be able to write. Open it with access "readwrite".',
      )
    }
    return new StreamReader<S>(channel, codec, options)
  } catch (error) {
    channel.close()
    throw error
  }
}
