import { bytesOf } from './bytes.js'
import type { Codec } from './codec.js'
import { MessagePackReader } from './messagepack-reader.js'
import { MessagePackWriter } from './messagepack-writer.js'

/**
 * Creates the codec of MessagePack, which any language can read.
 *
 * | JavaScript | MessagePack |
 * |---|---|
 * | null, boolean, array | nil, bool, array |
 * | string | str, in UTF-8 |
 * | number | int if it is an integer of at most 32 bits (and not -0), otherwise float 64 |
 * | bigint | int 64 if it is negative, otherwise uint 64 |
 * | Uint8Array | bin |
 * | Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array | an extension of memlane for each: 72, 68, 77, 69, 78, 70, 85, 86, 79, 71; its bytes are the elements, little-endian |
 * | Date | timestamp |
 * | plain object | map of its own enumerable properties, without those that are `undefined` |
 *
 * Each of these is read as an equal value. A Buffer is read as a Uint8Array, an object without prototype as a plain object.
 * Everything else is refused: `undefined` in an array, functions, symbols, other objects (Map, Set, RegExp, Error, DataView,
 * instances of classes), objects with symbols as keys, bigints of more than 64 bits, invalid Dates, text with half of a
 * surrogate pair, and nesting of more than 256 levels. Arrays lose properties other than their elements.
 *
 * Reading also accepts what other writers produce: longer forms of the same types, float 32, and integers as keys of maps.
 * Integers of 64 bits are read as bigint. Other extensions, and all that is not MessagePack, are `CORRUPT`. Nothing checks
 * that what is read is a `T`.
 *
 * `measure` throws a TypeError that names the part it cannot carry: `value.samples[3].when`.
 */
export function messagepack<T>(): Codec<T> {
  const reader = new MessagePackReader()
  let idle: MessagePackWriter | undefined = new MessagePackWriter()
  let prepared: MessagePackWriter | undefined
  let owner: unknown

  const decode = (data: DataView, offset: number, length: number) =>
    reader.read(bytesOf(data, offset, length), offset) as T
  return {
    descriptor: { kind: 'payload', encoding: 'messagepack' },
    fixedLength: undefined,
    measure(value) {
      // A getter of the value may itself send a message: that one gets another writer.
      const writer = idle ?? new MessagePackWriter()
      idle = undefined
      prepared = undefined
      try {
        writer.write(value)
      } finally {
        idle = writer
      }
      prepared = writer
      owner = value
      return writer.length
    },
    encode(data, offset, value) {
      if (prepared === undefined || !Object.is(value, owner))
        throw new TypeError('encode: this is not the value that was measured last')
      const { bytes, length } = prepared
      prepared = undefined
      owner = undefined
      bytesOf(data, offset, length).set(bytes.subarray(0, length))
      return length
    },
    decode,
    view: (data) => ({ at: (offset, length) => decode(data, offset, length) }),
  }
}
