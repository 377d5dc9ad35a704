/**
 * MessagePack, as any language reads it. An entry of its own, because it alone stands on another package: msgpackr, which
 * is MIT, maintained, complete and fast. Of it only `msgpackr/pack` is loaded: plain JavaScript, nothing native. It encodes
 * into memory of its own, which it uses again and again, since a lane has to be told the length first.
 *
 * Of what msgpackr adds to MessagePack (records, references, types of JavaScript) nothing is written and nothing read.
 */

import { Packr, RESET_BUFFER_MODE } from 'msgpackr/pack'
import { LayoutError } from '../layout/layout-error.js'
import { bytesOf } from './bytes.js'
import type { Codec } from './codec.js'
import { isPlainMessagePack } from './plain-messagepack.js'

const options = {
  useRecords: false,
  variableMapSize: true,
  encodeUndefinedAsNil: true,
  skipValues: [undefined],
  onInvalidDate() {
    throw new RangeError('an invalid Date has no MessagePack')
  },
}
const packr = new Packr(options)

/** What `measure` has made and `encode` will write, once: in a buffer of msgpackr's that the next `measure` uses again. */
let prepared: { owner: unknown; bytes: Uint8Array } | undefined

/**
 * Creates the codec of MessagePack.
 *
 * | JavaScript | MessagePack |
 * |---|---|
 * | null, boolean, string, array | nil, bool, str, array |
 * | number | int where it fits 32 bits, else float 64 |
 * | bigint | int 64 or uint 64; those are read as bigint, whoever wrote them |
 * | Uint8Array | bin |
 * | Date | timestamp |
 * | plain object | map of its own properties, without those that are undefined |
 *
 * A Map is read as an object, a Set as an array, -0 as 0, a key `__proto__` as `__proto_`. What is read is MessagePack, and
 * nothing says that it is a `T`. Bytes with other extensions than the timestamp are `CORRUPT`. Unpaired surrogates are
 * written as they are or as U+FFFD: no text for other languages.
 *
 * `measure` throws TypeError for a value that is undefined, a function or a symbol; RangeError for a bigint of more than
 * 64 bits, an invalid Date, and an object that contains itself or is nested too deep for the stack.
 */
export function messagepack<T>(): Codec<T> {
  return {
    descriptor: { kind: 'payload', encoding: 'messagepack' },
    fixedLength: undefined,
    measure(value) {
      const bytes = pack(value)
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

function pack(value: unknown): Uint8Array {
  if (value === undefined || typeof value === 'function') throw new TypeError(`MessagePack has no ${typeof value}`)
  try {
    return packr.pack(value, RESET_BUFFER_MODE)
  } catch (error) {
    // msgpackr throws a plain Error for a symbol.
    if (error instanceof TypeError || error instanceof RangeError) throw error
    throw new TypeError('MessagePack cannot say this value', { cause: error })
  }
}

/** Decodes a private copy: it is looked at twice, and another process may be writing to the lane. */
function decode(data: DataView, offset: number, length: number) {
  const copy = bytesOf(data, offset, length).slice()
  try {
    if (isPlainMessagePack(copy)) return packr.unpack(copy)
  } catch {
    // Nested too deep, or a map with a key that no object can have.
  }
  throw new LayoutError('CORRUPT', offset, `${length} bytes at offset ${offset} are not plain MessagePack`)
}
