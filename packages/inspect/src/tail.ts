import type { OpenOptions } from '@memlane/core'
import type { SchemaDescriptor } from '@memlane/protocol'

/** Options of `openTail`. */
export interface TailOptions {
  /**
   * Where to begin. `now` (default): with what comes from now on. `newest`: with the newest message that each producer, or each key,
   * holds. `oldest`: with the oldest one that is sure to be there. Calls always begin now.
   */
  from?: 'now' | 'newest' | 'oldest'
  /** The owners of memory to accept besides this user and root: see `SharedMemory.open`. Default: no other owners. */
  trustOwner?: NonNullable<OpenOptions['trustOwner']>
  /** How often the async iteration looks, in milliseconds. Default 2. */
  intervalMs?: number
}

/**
 * What a message is: of a stream or a queue, `message`; of a latest, `value`; of calls, one of the others. The `value` of a `failure` has
 * a `message`, and the `name` and `code` of the error that the server sent. Without such an error, its `code` is `DIED` (the server),
 * `TIMED_OUT` (no server began the call in time) or `GIVEN_UP` (by the client). Parts of a streamed answer are not shown: its `answer`, with
 * `undefined`, is the end.
 */
export type TailKind = 'message' | 'value' | 'request' | 'answer' | 'failure'

/** A message as a tail sees it. `poll` hands over one object again and again: it is valid until the handler returns. */
export interface TailMessage {
  readonly kind: TailKind
  /** The slot of its producer, writer or client. */
  readonly producer: number
  /**
   * Its number. Streams and queues: counts the messages of its producer, and wraps at 2^32. Latests: the version. Calls: counts the calls
   * of the client; the answer has the number of its request.
   */
  readonly sequence: number
  /** How many messages of the same producer, or values of the same key, went by unseen directly before this one. */
  readonly missedBefore: number
  /** The key of a latest: `value` for the only key. Otherwise undefined. */
  readonly key: string | undefined
  /** The name of the procedure of a call. Otherwise undefined. */
  readonly procedure: string | undefined
  /**
   * When it was sent or set, in milliseconds since 1970. Latests and queues only: streams and calls do not carry a time.
   */
  readonly time: number | undefined
  /** Bytes of the payload. */
  readonly length: number
  /**
   * The message as a plain value. Decodes at each access.
   *
   * @throws LayoutError `CORRUPT`, `TOO_SHORT` if the bytes are no such value
   */
  readonly value: unknown
  /** Copies the payload as it was in the memory. */
  bytes(): Uint8Array<ArrayBuffer>
  /** The payload without a copy, as a part of a buffer that the next message overwrites. */
  readonly payload: DataView
}

/**
 * Why a tail has ended: `closed` if all participants have closed; `died` if one of them died. In both cases, all that was there was read.
 * `closed` also after the tail itself was closed.
 */
export type TailEnd = 'closed' | 'died'

/**
 * An observer of a channel: sees what goes through, and decodes it by the schema in the memory. It takes no place, writes nothing,
 * wakes nobody, and nobody waits for it. So it misses what is overwritten before it looks; `missed` counts that. How long it may pause
 * without missing messages is up to the sizes of the channel: a lane holds `capacity` bytes.
 *
 * A tail is a handle of the memory. When no participant lives any more and everything was read, it ends and lets go of the memory.
 */
export interface Tail extends Disposable, AsyncIterable<TailMessage> {
  readonly name: string
  readonly shape: 'stream' | 'latest' | 'queue' | 'call'
  /** Tells this memory from an earlier or a later one of the same name: 32 hexadecimal digits. */
  readonly instance: string
  /** What the messages are, in plain JSON. */
  readonly descriptor: SchemaDescriptor
  /** The encoded descriptor, as it is in the memory: UTF-8 JSON. */
  readonly descriptorBytes: Uint8Array<ArrayBuffer>
  /**
   * How many messages went by unseen since the tail was opened. Of calls: requests, and answers to requests that it has seen. Of a latest: the
   * values in between.
   */
  readonly missed: number
  /** Undefined as long as more can come. */
  readonly ended: TailEnd | undefined
  /**
   * Hands over the messages that have come, at most `limit` (default 16,384). Never blocks.
   *
   * @param handle gets each message. What it throws, `poll` throws; that message counts as handed over
   * @returns how many messages were handed over; 0 also after the end
   * @throws SharedMemoryError `CORRUPT` if the memory holds bytes that cannot be right. The next call skips what it could not read
   */
  poll(handle: (message: TailMessage) => void, limit?: number): number
  /** Iterates over messages that stay valid, and looks every `intervalMs`. Ends with the tail. Keeps the event loop alive. */
  [Symbol.asyncIterator](): AsyncIterableIterator<TailMessage>
  /** Lets go of the memory. A second call does nothing. */
  close(): void
}
