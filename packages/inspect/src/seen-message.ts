import type { AnyCodec } from '@memlane/protocol'
import type { CopiedPayload } from './copied-payload.js'
import type { TailKind, TailMessage } from './tail.js'

/** Decodes what is no message of the schema: the error of a call. */
export type Decode = Pick<AnyCodec, 'decode'>

/** The message that a tail hands over. The tail sets its fields anew for each message. */
export class SeenMessage implements TailMessage {
  kind: TailKind = 'message'
  producer = 0
  sequence = 0
  missedBefore = 0
  key: string | undefined
  procedure: string | undefined
  time: number | undefined
  /** Where the payload begins in `data`, in bytes. */
  offset = 0
  length = 0
  data: DataView<ArrayBuffer>
  decoder: Decode

  constructor(decoder: Decode, data: DataView<ArrayBuffer>) {
    this.decoder = decoder
    this.data = data
  }

  /** Shows the payload that was copied last. */
  show({ data, length }: CopiedPayload): void {
    this.data = data
    this.offset = 0
    this.length = length
  }

  get value(): unknown {
    return this.decoder.decode(this.data, this.offset, this.length)
  }

  get payload(): DataView<ArrayBuffer> {
    return new DataView(this.data.buffer, this.data.byteOffset + this.offset, this.length)
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const start = this.data.byteOffset + this.offset
    return new Uint8Array(this.data.buffer.slice(start, start + this.length))
  }

  /** Returns a message that stays as it is. */
  kept(): TailMessage {
    const kept = new SeenMessage(this.decoder, new DataView(this.bytes().buffer))
    kept.kind = this.kind
    kept.producer = this.producer
    kept.sequence = this.sequence
    kept.missedBefore = this.missedBefore
    kept.key = this.key
    kept.procedure = this.procedure
    kept.time = this.time
    kept.length = this.length
    return kept
  }
}
