import { messagepack } from '@memlane/protocol/messagepack'
import { decode, ExtensionCodec, encode } from '@msgpack/msgpack'
import { describe, expect, it } from 'vitest'

/** Every kind of value that MessagePack itself knows, at lengths around the borders of its forms. */
const lengths = [0, 15, 16, 31, 32, 255, 256, 65_535, 65_536]
const values: unknown[] = [
  ...[null, true, false, 1.5, -1.5, Number.NaN, 2 ** 31, 2 ** 32 - 1],
  ...[0, 1, 127, 128, 255, 256, 65_535, 65_536, -1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31)],
  ...[2n ** 53n, 2n ** 64n - 1n, -(2n ** 63n)],
  ...lengths.flatMap((length) => ['a'.repeat(length), 'é☃😀'.repeat(length >>> 3), new Uint8Array(length).fill(9)]),
  ...lengths.map((length) => new Array(length).fill(-5)),
  ...lengths.map((length) => Object.fromEntries(Array.from({ length }, (_, index) => [`key ${index}`, index]))),
  ...[0, 1, 1000, 2 ** 32 * 1000, 2 ** 34 * 1000, -1, -8.64e15, 8.64e15].map((time) => new Date(time)),
  { quotes: [{ symbol: 'ACME', bid: 10.5, when: new Date(5), raw: Uint8Array.of(1) }, null], note: { text: '' } },
]

const codec = messagepack<unknown>()

function written(value: unknown): Uint8Array {
  const data = new DataView(new ArrayBuffer(codec.measure(value)))
  return new Uint8Array(data.buffer, 0, codec.encode(data, 0, value))
}

const read = (bytes: Uint8Array) =>
  codec.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length)

describe('the codec of MessagePack', () => {
  it('writes what an independent implementation reads', () => {
    for (const value of values) expect(decode(written(value), { useBigInt64: true })).toEqual(value)
  })

  it('reads what an independent implementation writes', () => {
    for (const value of values) expect(read(encode(value, { useBigInt64: true }))).toEqual(value)
  })

  it('shows typed arrays to others as extensions with their elements', () => {
    const extensionCodec = new ExtensionCodec()
    extensionCodec.register({ type: 77, encode: () => null, decode: (bytes) => new Int16Array(bytes.slice().buffer) })
    expect(decode(written({ samples: Int16Array.of(1, -2, 3) }), { extensionCodec })).toEqual({
      samples: Int16Array.of(1, -2, 3),
    })
  })
})
