import type { McapTypes } from '@mcap/core'
import { encodingNamed, type MessageEncoding, messageEncoding } from '../encode/message-encoding.js'
import { type ChannelNote, noteFromMetadata, payloadOf, topicOf } from './channel-note.js'

/** A channel of a recording that memlane can read. */
export interface ReadableChannel {
  readonly id: number
  readonly topic: string
  readonly note: ChannelNote
  readonly encoding: MessageEncoding
}

/**
 * Returns the channels of a recording that memlane can read: those that it has recorded itself.
 *
 * @throws LayoutError `CORRUPT` for a schema that memlane cannot have written
 */
export function readableChannels(channels: Iterable<McapTypes.Channel>): ReadableChannel[] {
  return [...channels].map(readable).filter((channel) => channel !== undefined)
}

function readable({ id, messageEncoding: name, metadata }: McapTypes.Channel): ReadableChannel | undefined {
  const note = noteFromMetadata(metadata)
  const encoding = encodingNamed(name)
  const payload = note && payloadOf(note)
  if (note === undefined || encoding === undefined || payload === undefined) return undefined
  const topic = topicOf(note)
  return { id, topic, note, encoding: messageEncoding(encoding, payload, topic) }
}
