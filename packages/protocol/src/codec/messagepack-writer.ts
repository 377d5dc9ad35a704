import { describe, Mismatch } from '../layout/mismatch.js'
import {
  ARRAY_16,
  BIN_8,
  EXT_8,
  extensionOfKind,
  FALSE,
  FIXARRAY,
  FIXEXT_4,
  FIXEXT_8,
  FIXMAP,
  FIXSTR,
  FLOAT_64,
  INT_8,
  INT_16,
  INT_32,
  INT_64,
  MAP_16,
  MAX_DEPTH,
  NIL,
  STR_8,
  TIMESTAMP,
  TRUE,
  UINT_8,
  UINT_16,
  UINT_32,
  UINT_64,
} from './messagepack-format.js'
import { bytesIn, kindOfTypedArray } from './typed-array.js'

/** What a writer has at first, what it keeps from message to message at most, and where it stops, in bytes. */
const INITIAL_LENGTH = 1024
const KEPT_LENGTH = 2 ** 20
const MAX_LENGTH = 2 ** 29

/** Strings of fewer UTF-16 units are written by a loop, which is faster than calling TextEncoder. */
const SHORT = 32

const textEncoder = new TextEncoder()

/**
 * Writes one value at a time into memory of its own. The result is `bytes` up to `length`; it wrote every byte of that.
 *
 * The fields are TypeScript-private, as V8 reads `#private` ones more slowly.
 */
export class MessagePackWriter {
  bytes = new Uint8Array(INITIAL_LENGTH)
  length = 0
  private view = new DataView(this.bytes.buffer)

  /**
   * Writes a value over the one before. Reads each part of the value once, so a getter cannot show two values.
   *
   * @throws TypeError naming the part that MessagePack cannot carry, with its path: `value.samples[3].when`; RangeError for
   *   a value that takes more than 512 MiB
   */
  write(value: unknown): void {
    if (this.bytes.length > KEPT_LENGTH) this.useBytes(new Uint8Array(INITIAL_LENGTH))
    this.length = 0
    try {
      this.writeValue(value, 0)
    } catch (error) {
      throw error instanceof Mismatch ? error.toError('value') : error
    }
  }

  private writeValue(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        this.writeString(value)
        break
      case 'number':
        this.writeNumber(value)
        break
      case 'boolean':
        this.writeByte(value ? TRUE : FALSE)
        break
      case 'bigint':
        this.writeBigInt(value)
        break
      case 'object':
        if (value === null) this.writeByte(NIL)
        else this.writeObject(value, depth)
        break
      default:
        throw refused(value)
    }
  }

  private writeObject(value: object, depth: number): void {
    const prototype: object | null = Object.getPrototypeOf(value)
    if (Array.isArray(value)) {
      if (prototype !== Array.prototype && heightOf(prototype) !== 2) throw refused(value)
      this.writeArray(value, depth)
    } else if (prototype === Object.prototype || isPlain(prototype)) {
      // `arguments`, `Math`, `JSON` and modules have a plain prototype, too, but they also have symbols.
      if (Object.getOwnPropertySymbols(value).length > 0) throw refused(value, 'it has symbols as keys')
      this.writeMap(value as Record<string, unknown>, depth)
    } else {
      this.writeInstance(value, prototype)
    }
  }

  private writeArray(value: readonly unknown[], depth: number): void {
    const { length } = value
    if (depth === MAX_DEPTH) throw tooDeep()
    this.writeCount(length, FIXARRAY, ARRAY_16)
    let index = 0
    try {
      for (; index < length; index++) this.writeValue(value[index], depth + 1)
    } catch (error) {
      throw error instanceof Mismatch ? error.within(`[${index}]`) : error
    }
  }

  private writeMap(value: Readonly<Record<string, unknown>>, depth: number): void {
    const keys = Object.keys(value)
    if (depth === MAX_DEPTH) throw tooDeep()
    const start = this.length
    this.writeCount(keys.length, FIXMAP, MAP_16)
    let left = keys.length
    let key = ''
    try {
      for (key of keys) {
        const inner = value[key]
        if (inner === undefined) continue
        this.writeString(key)
        this.writeValue(inner, depth + 1)
        left--
      }
    } catch (error) {
      throw error instanceof Mismatch ? error.within(stepTo(key)) : error
    }
    if (left > 0) this.lowerCount(start, keys.length, keys.length - left)
  }

  private writeInstance(value: object, prototype: object | null): void {
    const kind = kindOfTypedArray(value)
    const extension = kind === undefined ? undefined : extensionOfKind.get(kind)
    if (kind === 'Uint8Array') {
      this.writeBytes(bytesIn(value as Uint8Array))
    } else if (extension !== undefined && heightOf(prototype) === 3) {
      this.writeBytes(bytesIn(value as ArrayBufferView), extension)
    } else {
      const time = heightOf(prototype) === 2 ? timeOf(value) : undefined
      if (time === undefined) throw refused(value)
      if (Number.isNaN(time)) throw refused(value, 'it is invalid')
      this.writeTimestamp(time)
    }
  }

  private writeByte(byte: number): void {
    if (this.length === this.bytes.length) this.grow(1)
    this.bytes[this.length++] = byte
  }

  private writeNumber(value: number): void {
    if (this.length + 9 > this.bytes.length) this.grow(9)
    const { view, length } = this
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      if (value >= -32 && value < 0x80) {
        view.setInt8(length, value)
        this.length += 1
      } else if (value >= 0) {
        this.writeUnsigned(value)
      } else if (value >= -0x80) {
        view.setUint8(length, INT_8)
        view.setInt8(length + 1, value)
        this.length += 2
      } else if (value >= -0x8000) {
        view.setUint8(length, INT_16)
        view.setInt16(length + 1, value)
        this.length += 3
      } else {
        view.setUint8(length, INT_32)
        view.setInt32(length + 1, value)
        this.length += 5
      }
    } else if (value >>> 0 === value && value !== 0) {
      this.writeUnsigned(value)
    } else {
      view.setUint8(length, FLOAT_64)
      view.setFloat64(length + 1, value)
      this.length += 9
    }
  }

  private writeUnsigned(value: number): void {
    const { view, length } = this
    if (value < 0x100) {
      view.setUint8(length, UINT_8)
      view.setUint8(length + 1, value)
      this.length += 2
    } else if (value < 0x10000) {
      view.setUint8(length, UINT_16)
      view.setUint16(length + 1, value)
      this.length += 3
    } else {
      view.setUint8(length, UINT_32)
      view.setUint32(length + 1, value)
      this.length += 5
    }
  }

  private writeBigInt(value: bigint): void {
    if (this.length + 9 > this.bytes.length) this.grow(9)
    const unsigned = value >= 0n
    if (value !== (unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value))) {
      throw refused(value, 'it needs more than 64 bits')
    }
    this.view.setUint8(this.length, unsigned ? UINT_64 : INT_64)
    this.view.setBigUint64(this.length + 1, BigInt.asUintN(64, value))
    this.length += 9
  }

  private writeString(value: string): void {
    const { length } = value
    if (length < SHORT) {
      if (this.length + 1 + length > this.bytes.length) this.grow(1 + length)
      const start = this.length + 1
      const { bytes } = this
      let index = 0
      for (; index < length; index++) {
        const unit = value.charCodeAt(index)
        if (unit >= 0x80) break
        bytes[start + index] = unit
      }
      if (index === length) {
        bytes[start - 1] = FIXSTR | length
        this.length = start + length
        return
      }
    }
    this.writeLongString(value)
  }

  private writeLongString(value: string): void {
    if (!value.isWellFormed()) throw refused(value, 'it contains half of a surrogate pair')
    const { length } = value
    const room = 5 + 3 * length
    if (this.length + room > this.bytes.length) this.grow(room)
    // The head depends on the number of bytes, which is known only after encoding. If it gets longer, the bytes move.
    const start = this.length
    const guess = headOfString(length)
    const { written } = textEncoder.encodeInto(value, this.bytes.subarray(start + guess))
    const head = headOfString(written)
    if (head !== guess) this.bytes.copyWithin(start + head, start + guess, start + guess + written)
    if (head === 1) this.bytes[start] = FIXSTR | written
    else this.writeHead(head, STR_8, written)
    this.length = start + head + written
  }

  /** Writes a type and a length of 1, 2 or 4 bytes. The types for these three widths follow each other. */
  private writeHead(head: number, type8: number, length: number): void {
    const { view } = this
    const start = this.length
    if (head === 2) {
      view.setUint8(start, type8)
      view.setUint8(start + 1, length)
    } else if (head === 3) {
      view.setUint8(start, type8 + 1)
      view.setUint16(start + 1, length)
    } else {
      view.setUint8(start, type8 + 2)
      view.setUint32(start + 1, length)
    }
    this.length = start + head
  }

  private writeCount(count: number, fix: number, type16: number): void {
    if (this.length + 5 > this.bytes.length) this.grow(5)
    if (count < 16) this.bytes[this.length++] = fix | count
    else this.writeHead(count < 0x10000 ? 3 : 5, type16 - 1, count)
  }

  /** Corrects the count of a map that has left out properties. It keeps its form, which may be longer than necessary. */

  private lowerCount(start: number, counted: number, count: number): void {
    if (counted < 16) this.view.setUint8(start, FIXMAP | count)
    else if (counted < 0x10000) this.view.setUint16(start + 1, count)
    else this.view.setUint32(start + 1, count)
  }

  /** Writes bytes as bin, or as an extension. */
  private writeBytes(bytes: Uint8Array, extension?: number): void {
    const { length } = bytes
    if (this.length + 6 + length > this.bytes.length) this.grow(6 + length)
    this.writeHead(headFor(length), extension === undefined ? BIN_8 : EXT_8, length)
    if (extension !== undefined) this.bytes[this.length++] = extension
    this.bytes.set(bytes, this.length)
    this.length += length
  }

  private writeTimestamp(milliseconds: number): void {
    if (this.length + 15 > this.bytes.length) this.grow(15)
    const { view, length } = this
    const seconds = Math.floor(milliseconds / 1000)
    const nanoseconds = (milliseconds - seconds * 1000) * 1e6
    if (seconds >= 0 && seconds < 2 ** 34) {
      const wide = nanoseconds !== 0 || seconds >= 2 ** 32
      view.setUint8(length, wide ? FIXEXT_8 : FIXEXT_4)
      view.setUint8(length + 1, TIMESTAMP)
      // 30 bits of nanoseconds, 34 of seconds.
      if (wide) view.setUint32(length + 2, nanoseconds * 4 + Math.floor(seconds / 2 ** 32))
      view.setUint32(length + (wide ? 6 : 2), seconds)
      this.length += wide ? 10 : 6
    } else {
      view.setUint8(length, EXT_8)
      view.setUint8(length + 1, 12)
      view.setUint8(length + 2, TIMESTAMP)
      view.setUint32(length + 3, nanoseconds)
      view.setBigInt64(length + 7, BigInt(seconds))
      this.length += 15
    }
  }

  private grow(room: number): void {
    if (this.length + room > MAX_LENGTH) throw new Mismatch('range', `the value takes more than ${MAX_LENGTH} bytes`)
    const bytes = new Uint8Array(Math.max(2 * this.bytes.length, this.length + room))
    bytes.set(this.bytes.subarray(0, this.length))
    this.useBytes(bytes)
  }

  private useBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
  }
}

const headFor = (length: number) => (length < 0x100 ? 2 : length < 0x10000 ? 3 : 5)

const headOfString = (length: number) => (length < 32 ? 1 : headFor(length))

/** Tells whether objects with this prototype are plain, also if they come from another realm (a vm context). */
function isPlain(prototype: object | null): boolean {
  if (prototype === null) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf')
}

/**
 * Counts the prototypes of an object: 2 for arrays and Dates, 3 for typed arrays, more for subclasses of these. Unlike a
 * comparison of prototypes, this works across realms.
 */
function heightOf(prototype: object | null): number {
  let height = 0
  for (let each = prototype; each !== null && height < 5; each = Object.getPrototypeOf(each)) height++
  return height
}

/** Returns the time of a Date, or `undefined` for any other object. */
function timeOf(value: object): number | undefined {
  try {
    return Date.prototype.getTime.call(value)
  } catch {
    return undefined
  }
}

const CARRIED = 'it carries null, booleans, numbers, bigints, strings, Dates, typed arrays, arrays and plain objects'

const refused = (value: unknown, reason = CARRIED) =>
  new Mismatch('type', `MessagePack cannot carry ${describe(value)}: ${reason}`)

const tooDeep = () =>
  new Mismatch('type', `it nests arrays and objects more than ${MAX_DEPTH} deep, or contains itself`)

/** Returns the step of a path that leads to a property: `.when`, or `["a b"]`. */
const stepTo = (key: string) =>
  /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
