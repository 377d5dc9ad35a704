/**
 * The content of message number i, the same for every peer in every language. native/content.h is this file's twin.
 *
 *    0  u32  sequence    i; BEGIN comes before the first measured message, END after the last
 *    4  u32  complement  ~i
 *    8  f64  first       i
 *   16  f64  second      i / 2
 *   24  u32  third       i + 1, wrapping
 *   28  u32  fourth      i ^ 0x55555555
 *   32  body             the rest of the payload: bytes of the pattern, from byte 8 * (i mod 64) on
 *
 * Byte k of the pattern is letter number (k * 2654435761 mod 2^32) / 2^26 of the base64 alphabet. The producer writes the
 * fields one by one and copies the body. The consumer compares every field and every byte.
 *
 * The pattern begins in the middle of a page, because lanes and rings begin at the start of a page. A copy takes a third longer if
 * the page offsets of source and target differ by less than 64 bytes. Each body begins 8 bytes after the one before, in the
 * pattern and in a lane. So chance would decide that difference, and it would stay the same for a whole trial.
 */

export const BEGIN = 0xffff_fffe
export const END = 0xffff_ffff
const FIELDS_LENGTH = 32
/** Counted from the start of a page, where the memory of WebAssembly begins. */
const PATTERN_OFFSET = 2048
declare const WebAssembly: { Memory: new (pages: { initial: number }) => { buffer: ArrayBuffer } }

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1')

/** The fields of a message: a plain object, or an accessor. */
export interface Fields {
  sequence: number
  complement: number
  first: number
  second: number
  third: number
  fourth: number
}

/** Memory that holds messages. */
export interface Memory {
  readonly bytes: Buffer
  /** The same bytes. */
  readonly data: DataView
}

export function memoryOf(bytes: Buffer): Memory {
  return { bytes, data: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
}

/** @param sequence the message's number, or the signed integer with the same 32 bits: loops over small integers are faster */
export function writeFields(fields: Fields, sequence: number): void {
  const number = sequence >>> 0
  fields.sequence = number
  fields.complement = ~sequence >>> 0
  fields.first = number
  fields.second = number / 2
  fields.third = (number + 1) >>> 0
  fields.fourth = (sequence ^ 0x5555_5555) >>> 0
}

/** @returns the message's number */
export function checkFields(fields: Fields): number {
  const sequence = fields.sequence
  if (
    fields.complement !== ~sequence >>> 0 ||
    fields.first !== sequence ||
    fields.second !== sequence / 2 ||
    fields.third !== (sequence + 1) >>> 0 ||
    fields.fourth !== (sequence ^ 0x5555_5555) >>> 0
  ) {
    throw torn(sequence)
  }
  return sequence
}

/** Writes and checks messages of one length. */
export class Content {
  readonly payload: number
  readonly bodyLength: number
  private readonly pattern: Buffer
  /** The bodies of 64 messages, made once. */
  private readonly bodies: readonly Buffer[]
  private readonly patternText: string
  private readonly fields = memoryOf(Buffer.alloc(FIELDS_LENGTH))

  constructor(payload: number) {
    this.payload = payload
    this.bodyLength = payload - FIELDS_LENGTH
    const length = this.bodyLength + 8 * 64
    const wasmPages = Math.ceil((PATTERN_OFFSET + length) / 65_536)
    this.pattern = Buffer.from(new WebAssembly.Memory({ initial: wasmPages }).buffer, PATTERN_OFFSET, length)
    for (let k = 0; k < this.pattern.length; k++) {
      this.pattern[k] = ALPHABET[Math.imul(k, 2_654_435_761) >>> 26] as number
    }
    this.bodies = Array.from({ length: 64 }, (_, i) => this.pattern.subarray(8 * i, 8 * i + this.bodyLength))
    this.patternText = this.pattern.toString('latin1')
  }

  write({ bytes, data }: Memory, offset: number, sequence: number): void {
    const number = sequence >>> 0
    data.setUint32(offset, sequence, true)
    data.setUint32(offset + 4, ~sequence, true)
    data.setFloat64(offset + 8, number, true)
    data.setFloat64(offset + 16, number / 2, true)
    data.setUint32(offset + 24, sequence + 1, true)
    data.setUint32(offset + 28, sequence ^ 0x5555_5555, true)
    if (this.bodyLength !== 0) this.writeBody(bytes, offset + FIELDS_LENGTH, sequence)
  }

  /**
   * @returns the message's number
   * @throws Error if anything in the message is wrong
   */
  check({ bytes, data }: Memory, offset: number): number {
    const sequence = checkFieldsIn(data, offset)
    if (this.bodyLength !== 0) this.checkBody(bytes, offset + FIELDS_LENGTH, sequence)
    return sequence
  }

  /** Same as `check`, for bytes with a buffer of their own. Making a DataView for each would take longer than all other work. */
  checkBytes(message: Uint8Array): number {
    if (message.length !== this.payload) throw new Error(`a message has ${message.length} bytes`)
    const { bytes, data } = this.fields
    bytes.set(this.bodyLength === 0 ? message : message.subarray(0, FIELDS_LENGTH))
    const sequence = checkFieldsIn(data, 0)
    if (this.bodyLength !== 0) this.checkBody(message, FIELDS_LENGTH, sequence)
    return sequence
  }

  bodyOf(sequence: number): Buffer {
    return this.bodies[sequence & 63] as Buffer
  }

  writeBody(bytes: Uint8Array, offset: number, sequence: number): void {
    bytes.set(this.bodyOf(sequence), offset)
  }

  checkBody(bytes: Uint8Array, offset: number, sequence: number): void {
    const body = this.bodyOf(sequence)
    const isWhole = bytes.length === body.length // the faster comparison is possible
    if ((isWhole ? Buffer.compare(body, bytes) : body.compare(bytes, offset, offset + body.length)) !== 0) {
      throw torn(sequence)
    }
  }

  /** Returns the body as text, for peers that send text. */
  bodyText(sequence: number): string {
    const start = 8 * (sequence & 63)
    return this.patternText.slice(start, start + this.bodyLength)
  }

  checkBodyText(text: string, sequence: number): void {
    if (text !== this.bodyText(sequence)) throw torn(sequence)
  }
}

function checkFieldsIn(data: DataView, offset: number): number {
  const sequence = data.getUint32(offset, true)
  if (
    data.getUint32(offset + 4, true) !== ~sequence >>> 0 ||
    data.getFloat64(offset + 8, true) !== sequence ||
    data.getFloat64(offset + 16, true) !== sequence / 2 ||
    data.getUint32(offset + 24, true) !== (sequence + 1) >>> 0 ||
    data.getUint32(offset + 28, true) !== (sequence ^ 0x5555_5555) >>> 0
  ) {
    throw torn(sequence)
  }
  return sequence
}

function torn(sequence: number): Error {
  return new Error(`message ${sequence} is torn`)
}
