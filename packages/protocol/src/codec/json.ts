import { LayoutError } from '../layout/layout-error.js'
import { typeMismatch } from '../layout/mismatch.js'
import type { Codec } from './codec.js'
import { decodeText, encodeText, measureText } from './utf8.js'

/**
 * Creates the codec of JSON in UTF-8: a message is what `JSON.stringify` makes of a value, and is read by `JSON.parse`.
 *
 * | value | what is read |
 * |---|---|
 * | null, boolean, finite number except -0, string, and arrays and plain objects of these | an equal value |
 * | -0 | 0 |
 * | NaN and infinite numbers | null |
 * | Date, or any object with `toJSON` | what `toJSON` returns: for a Date, a string |
 * | Map, Set, RegExp, Error, typed array, instance of a class | a plain object of its own enumerable properties |
 * | `undefined`, function or symbol as a property | nothing: the property is left out |
 * | `undefined`, function or symbol in an array | null |
 * | `undefined`, function or symbol as the message | `measure` throws a TypeError |
 * | bigint, or an object that contains itself | `measure` throws a TypeError |
 *
 * `messagepack` carries more, and refuses what it would change. Nothing checks that what is read is a `T`.
 */
export function json<T>(): Codec<T> {
  return {
    descriptor: { kind: 'payload', encoding: 'json' },
    fixedLength: undefined,
    measure(value) {
      const text: string | undefined = JSON.stringify(value)
      if (text === undefined) throw typeMismatch('a value that JSON can write', value).toError('')
      return measureText(value, text)
    },
    encode: encodeText,
    decode: decodeJson,
    view: (data) => ({ at: (offset, length) => decodeJson(data, offset, length) }),
  }
}

function decodeJson(data: DataView, offset: number, length: number) {
  const text = decodeText(data, offset, length)
  try {
    return JSON.parse(text)
  } catch {
    throw new LayoutError('CORRUPT', offset, `${length} bytes at offset ${offset} are not JSON`)
  }
}
