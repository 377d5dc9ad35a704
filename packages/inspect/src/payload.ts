import type { AnyCodec, PayloadDescriptor } from '@memlane/protocol'
import { codecFromDescriptor, encodeDescriptor } from '@memlane/protocol/internal'
import '@memlane/protocol/messagepack'

const MIN_SCRATCH_LENGTH = 4096

/** Turns the bytes of messages into values, and back, by the schema that the memory holds. */
export class Payload {
  readonly descriptor: PayloadDescriptor
  readonly codec: AnyCodec
  /** A codec keeps views of the memory that it reads. So all messages are read from here. */
  #scratch = new DataView(new ArrayBuffer(MIN_SCRATCH_LENGTH))

  /** @throws LayoutError `CORRUPT` for a descriptor that memlane cannot have written */
  constructor(descriptor: PayloadDescriptor) {
    this.descriptor = descriptor
    this.codec = codecFromDescriptor(encodeDescriptor(descriptor), 0)
  }

  /**
   * Reads a message as a plain value.
   *
   * @throws LayoutError `CORRUPT` or `TOO_SHORT` for bytes that are no such value
   */
  decode(bytes: Uint8Array): unknown {
    this.#makeRoom(bytes.length)
    new Uint8Array(this.#scratch.buffer).set(bytes)
    return this.codec.decode(this.#scratch, 0, bytes.length)
  }

  /**
   * Writes a plain value as the bytes of a message.
   *
   * @throws TypeError or RangeError naming the part of the value that does not fit
   */
  encode(value: unknown): Uint8Array {
    const room = this.codec.measure(value)
    this.#makeRoom(room)
    new Uint8Array(this.#scratch.buffer, 0, room).fill(0) // padding between fields
    const length = this.codec.encode(this.#scratch, 0, value)
    return new Uint8Array(this.#scratch.buffer.slice(0, length))
  }

  #makeRoom(length: number): void {
    if (length <= this.#scratch.byteLength) return
    this.#scratch = new DataView(new ArrayBuffer(2 ** Math.ceil(Math.log2(length))))
  }
}
