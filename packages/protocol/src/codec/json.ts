import { LayoutError } from '../layout/layout-error.js'
import { typeMismatch } from '../layout/mismatch.js'
import type { Codec } from './codec.js'
import { decodeText, encodeText, measureText } from './utf8.js'

/**
 * Creates the codec of JSON in UTF-8: whatever `JSON.stringify` takes, as it writes it.
 *
 * What it cannot write at all is a TypeError: `undefined`, a function, a bigint, an object that contains itself. What is
 * read is JSON, and nothing says that it is a `T`.
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
