/**
 * The codec of MessagePack, which any language can read. It has an entry point of its own because it needs another package:
 * `@msgpack/msgpack`, an optional peer dependency, which encodes and decodes. The files beside this one check values before
 * they are encoded and bytes before they are decoded.
 */

import { Decoder, Encoder } from '@msgpack/msgpack'
import { LayoutError } from '../layout/layout-error.js'
import { bytesOf } from './bytes.js'
import type { Codec } from './codec.js'
import { ENCODINGS } from './encodings.js'
import { checkMessagePackBytes } from './messagepack-bytes.js'
import { extensionCodec } from './messagepack-extensions.js'
import { checkMessagePackValue, MAX_DEPTH } from './messagepack-value.js'

/** An encoder keeps its buffer for the next message, unless the message was longer than this, in bytes. */
const KEPT_LENGTH = 2 ** 20

const encoderOptions = { extensionCodec, useBigInt64: true, ignoreUndefined: true, maxDepth: 2 * MAX_DEPTH }

/**
 * Creates the codec of MessagePack. It needs the package `@msgpack/msgpack` 3 beside memlane.
 *
 * | JavaScript | MessagePack |
 * |---|---|
 * | null, boolean, array | nil, bool, array |
 * | string | str, in UTF-8 |
 * | number | int if it is an integer of at most 32 bits, otherwise float 64; all float 64 in a message that contains -0 |
 * | bigint | int 64 if it is negative, otherwise uint 64 |
 * | Uint8Array | bin |
 * | Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array | an extension of memlane for each: 72, 68, 77, 69, 78, 70, 85, 86, 79, 71; its bytes are the elements, little-endian |
 * | Date | timestamp |
 * | plain object | map of its own enumerable properties, without those that are `undefined` |
 *
 * Each of these is read as an equal value. A Buffer is read as a Uint8Array, an object without prototype as a plain object.
 * Everything else is refused: `undefined` in an array, functions, symbols, other objects (Map, Set, RegExp, Error, DataView,
 * instances of classes), objects with symbols as keys or with a key `__proto__`, bigints of more than 64 bits, invalid Dates,
 * text with half of a surrogate pair, and nesting of more than 256 levels. Arrays lose properties other than their elements.
 *
 * Reading also accepts the output of other writers: longer forms of the same types, float 32, and numbers as keys of maps.
 * Integers of 64 bits are read as bigint. Other extensions, and bytes that are not MessagePack, are `CORRUPT`. Nothing checks
 * that the result is a `T`.
 *
 * `measure` encodes the value into a buffer that the codec keeps for the next message, unless the message has more than 1 MiB. It
 * throws a TypeError that names the part it cannot carry: `value.samples[3].when`.
 */
export function messagepack<T>(): Codec<T> {
  let encoder = new Encoder(encoderOptions)
  let floatEncoder: Encoder | undefined
  const decoder = new Decoder({ extensionCodec, useBigInt64: true })
  /** The result of `measure`, for the next `encode`: a view of the encoder's buffer, which the next `measure` overwrites. */
  let prepared: { owner: unknown; bytes: Uint8Array } | undefined

  const encode = (value: unknown): Uint8Array => {
    const { hasNegativeZero } = checkMessagePackValue(value)
    if (!hasNegativeZero) return encoder.encodeSharedRef(value)
    // The library writes -0 as the integer 0, but writes it exactly as a float.
    floatEncoder ??= new Encoder({ ...encoderOptions, forceIntegerToFloat: true })
    return floatEncoder.encodeSharedRef(value)
  }

  /** Decodes a private copy: the bytes are read twice, and another process may write to the lane meanwhile. */
  const decode = (data: DataView, offset: number, length: number) => {
    const copy = bytesOf(data, offset, length).slice()
    checkMessagePackBytes(copy, offset)
    try {
      return decoder.decode(copy) as T
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new LayoutError('CORRUPT', offset, `${length} bytes at offset ${offset} are not MessagePack: ${reason}`)
    }
  }

  return {
    descriptor: { kind: 'payload', encoding: 'messagepack' },
    fixedLength: undefined,
    measure(value) {
      prepared = undefined
      const bytes = encode(value)
      if (bytes.length > KEPT_LENGTH) {
        encoder = new Encoder(encoderOptions)
        floatEncoder = undefined
      }
      prepared = { owner: value, bytes }
      return bytes.length
    },
    encode(data, offset, value) {
      if (prepared === undefined || !Object.is(value, prepared.owner))
        throw new TypeError('encode: this is not the value that was measured last')
      const { bytes } = prepared
      prepared = undefined
      bytesOf(data, offset, bytes.length).set(bytes)
      return bytes.length
    },
    decode,
    view: (data) => ({ at: (offset, length) => decode(data, offset, length) }),
  }
}

ENCODINGS.set('messagepack', messagepack)
