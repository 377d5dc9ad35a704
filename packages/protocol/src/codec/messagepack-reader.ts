import { LayoutError } from '../layout/layout-error.js'
import {
  ARRAY_16,
  ARRAY_32,
  BIN_8,
  BIN_16,
  BIN_32,
  constructorOfExtension,
  EXT_8,
  EXT_16,
  EXT_32,
  FALSE,
  FIXARRAY,
  FIXEXT_1,
  FIXEXT_2,
  FIXEXT_4,
  FIXEXT_8,
  FIXEXT_16,
  FIXMAP,
  FIXSTR,
  FLOAT_32,
  FLOAT_64,
  INT_8,
  INT_16,
  INT_32,
  INT_64,
  MAP_16,
  MAP_32,
  MAX_DEPTH,
  NEGATIVE_FIXINT,
  NIL,
  STR_8,
  STR_16,
  STR_32,
  TIMESTAMP,
  TRUE,
  UINT_8,
  UINT_16,
  UINT_32,
  UINT_64,
} from './messagepack-format.js'

/** Messages up to this length are copied into memory that is used again; longer ones get memory of their own. */
const SCRATCH_LENGTH = 16384

/** How many keys of maps a reader remembers: a power of two. */
const KEY_COUNT = 256

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads one value at a time. Allocates only in proportion to its bytes, whatever lengths they announce. */
export class MessagePackReader {
  private readonly scratch = new Uint8Array(SCRATCH_LENGTH)
  private readonly scratchView = new DataView(this.scratch.buffer)
  private bytes = this.scratch
  private view = this.scratchView
  private end = 0
  private start = 0
  private position = 0
  private readonly keys: ({ bytes: Uint8Array; text: string } | undefined)[] = new Array(KEY_COUNT).fill(undefined)

  /**
   * Reads a value, from a copy of its bytes: another process may change them at any time.
   *
   * @param start the offset that errors count from
   * @throws LayoutError `CORRUPT` for bytes that are not exactly one value
   */
  read(source: Uint8Array, start: number): unknown {
    if (source.length <= SCRATCH_LENGTH) {
      this.scratch.set(source)
      this.bytes = this.scratch
      this.view = this.scratchView
    } else {
      this.bytes = source.slice()
      this.view = new DataView(this.bytes.buffer)
    }
    this.start = start
    this.position = 0
    this.end = source.length
    const value = this.readValue(0)
    if (this.position !== this.end) throw this.corrupt(this.position, 'the value ends here, but more bytes follow')
    return value
  }

  private readValue(depth: number): unknown {
    const at = this.take(1)
    const type = this.bytes[at] as number
    if (type < FIXMAP) return type
    if (type >= NEGATIVE_FIXINT) return type - 0x100
    if (type < FIXARRAY) return this.readMap(type & 0x0f, depth)
    if (type < FIXSTR) return this.readArray(type & 0x0f, depth)
    if (type < NIL) return this.readString(type & 0x1f)
    switch (type) {
      case NIL:
        return null
      case FALSE:
        return false
      case TRUE:
        return true
      case BIN_8:
      case BIN_16:
      case BIN_32:
        return this.readBytes(this.readUnsigned(1 << (type - BIN_8)))
      case EXT_8:
      case EXT_16:
      case EXT_32:
        return this.readExtension(this.readUnsigned(1 << (type - EXT_8)))
      case FLOAT_32:
        return this.view.getFloat32(this.take(4))
      case FLOAT_64:
        return this.view.getFloat64(this.take(8))
      case UINT_8:
      case UINT_16:
      case UINT_32:
        return this.readUnsigned(1 << (type - UINT_8))
      case UINT_64:
        return this.view.getBigUint64(this.take(8))
      case INT_8:
        return this.view.getInt8(this.take(1))
      case INT_16:
        return this.view.getInt16(this.take(2))
      case INT_32:
        return this.view.getInt32(this.take(4))
      case INT_64:
        return this.view.getBigInt64(this.take(8))
      case FIXEXT_1:
      case FIXEXT_2:
      case FIXEXT_4:
      case FIXEXT_8:
      case FIXEXT_16:
        return this.readExtension(1 << (type - FIXEXT_1))
      case STR_8:
      case STR_16:
      case STR_32:
        return this.readString(this.readUnsigned(1 << (type - STR_8)))
      case ARRAY_16:
      case ARRAY_32:
        return this.readArray(this.readUnsigned(2 << (type - ARRAY_16)), depth)
      case MAP_16:
      case MAP_32:
        return this.readMap(this.readUnsigned(2 << (type - MAP_16)), depth)
      default:
        throw this.corrupt(at, `no value begins with byte ${type}`)
    }
  }

  private readArray(count: number, depth: number): unknown[] {
    this.checkCount(count, depth)
    const values: unknown[] = []
    for (let index = 0; index < count; index++) values.push(this.readValue(depth + 1))
    return values
  }

  private readMap(count: number, depth: number): Record<string, unknown> {
    this.checkCount(2 * count, depth)
    const object: Record<string, unknown> = {}
    for (let index = 0; index < count; index++) {
      const key = this.readKey()
      const value = this.readValue(depth + 1)
      if (key === '__proto__') {
        Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
      } else {
        object[key] = value
      }
    }
    return object
  }

  /** Reads a key. The writer writes strings; other languages write integers, too. */
  private readKey(): string {
    const at = this.position
    const type = at < this.end ? (this.bytes[at] as number) : NIL
    if (type >= FIXSTR && type < NIL) return this.readShortKey(type & 0x1f)
    const key = this.readValue(MAX_DEPTH)
    if (typeof key === 'string') return key
    if ((typeof key === 'number' && Number.isInteger(key)) || typeof key === 'bigint') return String(key)
    throw this.corrupt(at, 'a key of a map is neither a string nor an integer')
  }

  /** Most keys come again and again: looking a string up takes a third less time than making it. */
  private readShortKey(length: number): string {
    this.position++
    const at = this.take(length)
    const { bytes } = this
    let hash = length
    for (let index = at; index < at + length; index++) hash = (Math.imul(hash, 31) + (bytes[index] as number)) | 0
    const slot = hash & (KEY_COUNT - 1)
    const known = this.keys[slot]
    if (known !== undefined && known.bytes.length === length) {
      let index = 0
      while (index < length && known.bytes[index] === bytes[at + index]) index++
      if (index === length) return known.text
    }
    this.position = at
    const text = this.readString(length)
    this.keys[slot] = { bytes: bytes.slice(at, at + length), text }
    return text
  }

  private readString(length: number): string {
    const at = this.take(length)
    if (length < 16) {
      const { bytes } = this
      let text = ''
      let index = at
      for (; index < at + length; index++) {
        const byte = bytes[index] as number
        if (byte >= 0x80) break
        text += String.fromCharCode(byte)
      }
      if (index === at + length) return text
    }
    try {
      return textDecoder.decode(this.bytes.subarray(at, at + length))
    } catch {
      throw this.corrupt(at, `${length} bytes of text are not UTF-8`)
    }
  }

  private readExtension(length: number): unknown {
    const at = this.take(1 + length)
    const type = this.bytes[at] as number
    if (type === TIMESTAMP) return this.readTimestamp(at + 1, length)
    const TypedArray = constructorOfExtension.get(type)
    if (TypedArray === undefined) throw this.corrupt(at, `memlane does not know the extension ${type}`)
    if (length % TypedArray.BYTES_PER_ELEMENT !== 0) {
      throw this.corrupt(at, `a ${TypedArray.name} cannot have ${length} bytes`)
    }
    return new TypedArray(this.bytes.slice(at + 1, at + 1 + length).buffer)
  }

  private readTimestamp(at: number, length: number): Date {
    const { view } = this
    let seconds = 0
    let nanoseconds = 0
    if (length === 4) {
      seconds = view.getUint32(at)
    } else if (length === 8) {
      const high = view.getUint32(at)
      nanoseconds = high >>> 2
      seconds = (high & 3) * 2 ** 32 + view.getUint32(at + 4)
    } else if (length === 12) {
      nanoseconds = view.getUint32(at)
      seconds = Number(view.getBigInt64(at + 4))
    } else {
      throw this.corrupt(at, `a timestamp cannot have ${length} bytes`)
    }
    const date = new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6))
    if (nanoseconds > 999_999_999 || Number.isNaN(date.getTime())) {
      throw this.corrupt(at, `a Date cannot hold ${seconds} s and ${nanoseconds} ns`)
    }
    return date
  }

  private readBytes(length: number): Uint8Array {
    const at = this.take(length)
    return this.bytes.slice(at, at + length)
  }

  /** Reads 1, 2 or 4 bytes. */
  private readUnsigned(width: number): number {
    const at = this.take(width)
    return width === 1 ? this.view.getUint8(at) : width === 2 ? this.view.getUint16(at) : this.view.getUint32(at)
  }

  private take(length: number): number {
    const at = this.position
    if (length > this.end - at) throw this.corrupt(at, `${length} bytes should follow, but only ${this.end - at} do`)
    this.position = at + length
    return at
  }

  private checkCount(count: number, depth: number): void {
    if (depth >= MAX_DEPTH) throw this.corrupt(this.position, `arrays and maps are nested more than ${MAX_DEPTH} deep`)
    // Each value takes a byte or more.
    const left = this.end - this.position
    if (count > left) throw this.corrupt(this.position, `${count} values should follow, but only ${left} bytes do`)
  }

  private corrupt(position: number, reason: string): LayoutError {
    const offset = this.start + position
    return new LayoutError('CORRUPT', offset, `MessagePack at offset ${offset}: ${reason}`)
  }
}
