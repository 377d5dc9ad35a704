import { pause } from '@memlane/core/internal'
import { rawCodec } from '@memlane/inspect/internal'
import { createLatest, createQueue, createStream, type KeyWriter } from '@memlane/producer'
import { board, type Codec } from '@memlane/protocol'
import { codecFromDescriptor, encodeDescriptor } from '@memlane/protocol/internal'
import type { ChannelNote } from '../file/channel-note.js'

/** What to do if memory of that name exists. `join`: become one more producer of a stream or queue. */
export type ExistingTarget = 'take-over' | 'join' | 'refuse'

/** A memory into which messages are replayed. */
export interface ReplayTarget {
  /**
   * Sends the bytes of a message.
   *
   * @param key of a latest
   * @returns false if there is no room now
   */
  readonly trySend: (bytes: Uint8Array, key: string | undefined) => boolean
  /** Sends the bytes of a message as soon as there is room. */
  readonly send: (bytes: Uint8Array, signal: AbortSignal) => Promise<void>
  /** Waits until so many consumers are there. Latests wait for nobody. */
  readonly consumersReady: (count: number, signal: AbortSignal) => Promise<void>
  /** Waits until nothing would be lost if the memory went away now. */
  readonly flush: (signal: AbortSignal) => Promise<void>
  readonly close: () => void
}

const POLL_MS = 20

/**
 * Creates the memory of a recorded channel.
 *
 * @param name may differ from the recorded one
 * @throws as `createStream`, `createLatest` and `createQueue`; LayoutError `CORRUPT` for a schema that memlane cannot have written
 */
export function createTarget(
  name: string,
  { shape, schema, options }: ChannelNote,
  existing: ExistingTarget,
): ReplayTarget {
  if (schema.kind === 'api') throw new TypeError(`"${name}": calls cannot be replayed`)
  if (shape === 'latest') {
    const replaced = existing === 'join' ? 'take-over' : existing
    const writers = latestWriters(name, schema, { ...options, existing: replaced })
    return {
      trySend(bytes, key) {
        writers.keyOf(key).set(bytes)
        return true
      },
      send: async () => {},
      consumersReady: async () => {},
      flush: async () => {},
      close: writers.close,
    }
  }
  if (schema.kind === 'board') throw new TypeError(`"${name}": a ${shape} has no keys`)
  const codec = rawCodecFrom(schema)
  if (shape === 'queue') {
    const writer = createQueue(name, codec, { ...options, existing })
    return {
      trySend: (bytes) => writer.trySend(bytes),
      send: (bytes, signal) => writer.send(bytes, { signal }),
      async consumersReady(count, signal) {
        while (writer.consumers < count && !signal.aborted) await pause(POLL_MS)
      },
      flush: (signal) => writer.flush({ signal }),
      close: () => writer.close(),
    }
  }
  const writer = createStream(name, codec, { ...options, existing })
  return {
    trySend: (bytes) => writer.trySend(bytes),
    send: (bytes, signal) => writer.send(bytes, { signal }),
    async consumersReady(count, signal) {
      await writer.consumersReady(count, { signal })
    },
    flush: async () => {}, // consumers keep the memory until they have read everything
    close: () => writer.close(),
  }
}

function latestWriters(name: string, schema: ChannelNote['schema'], options: object) {
  if (schema.kind === 'api') throw new TypeError(`"${name}": calls cannot be replayed`)
  if (schema.kind !== 'board') {
    const writer = createLatest(name, rawCodecFrom(schema), options)
    return { keyOf: () => writer as KeyWriter<Codec<Uint8Array>>, close: () => writer.close() }
  }
  const codecs = schema.members.map((member) => [member.name, rawCodecFrom(member.payload)] as const)
  const writer = createLatest(name, board(Object.fromEntries(codecs)), options)
  return { keyOf: (key: string | undefined) => writer.key(key ?? ''), close: () => writer.close() }
}

function rawCodecFrom(descriptor: Parameters<typeof encodeDescriptor>[0]): Codec<Uint8Array> {
  return rawCodec(codecFromDescriptor(encodeDescriptor(descriptor), 0))
}
