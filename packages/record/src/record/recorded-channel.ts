import { type Encoding, type MessageEncoding, messageEncoding } from '../encode/message-encoding.js'
import { type ChannelNote, noteToMetadata, payloadOf, topicOf } from '../file/channel-note.js'
import type { NewChannel } from '../file/mcap-file.js'

/** A channel of the recording: the messages of one producer, or the values of one key, in one memory. */
export class RecordedChannel {
  readonly note: ChannelNote
  readonly topic: string
  readonly encoding: MessageEncoding
  /** What the file says about it. */
  readonly inFile: NewChannel

  constructor(note: ChannelNote, encoding: Encoding) {
    const descriptor = payloadOf(note)
    if (descriptor === undefined) throw new TypeError(`"${note.name}" has no key ${note.key}`)
    this.note = note
    this.topic = topicOf(note)
    this.encoding = messageEncoding(encoding, descriptor, this.topic)
    const { messageEncoding: name, schema } = this.encoding
    this.inFile = { topic: this.topic, messageEncoding: name, metadata: noteToMetadata(note), schema }
  }
}

/** A message as it goes into the file. */
export interface RecordedMessage {
  readonly channel: RecordedChannel
  readonly sequence: number
  readonly logTime: bigint
  readonly publishTime: bigint
  readonly data: Uint8Array
}
