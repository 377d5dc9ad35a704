/**
 * The constants of MessagePack. `MessagePackWriter` and `MessagePackReader` are mirrors: the reader reads what the writer wrote
 * as an equal value.
 *
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */

/** The deepest nesting of arrays and objects. It stops values that contain themselves, and hostile bytes. */
export const MAX_DEPTH = 256

/** Types that use the whole first byte. A number, a length or nothing follows. */
export const NIL = 0xc0
export const FALSE = 0xc2
export const TRUE = 0xc3
export const BIN_8 = 0xc4
export const BIN_16 = 0xc5
export const BIN_32 = 0xc6
export const EXT_8 = 0xc7
export const EXT_16 = 0xc8
export const EXT_32 = 0xc9
export const FLOAT_32 = 0xca
export const FLOAT_64 = 0xcb
export const UINT_8 = 0xcc
export const UINT_16 = 0xcd
export const UINT_32 = 0xce
export const UINT_64 = 0xcf
export const INT_8 = 0xd0
export const INT_16 = 0xd1
export const INT_32 = 0xd2
export const INT_64 = 0xd3
export const FIXEXT_1 = 0xd4
export const FIXEXT_2 = 0xd5
export const FIXEXT_4 = 0xd6
export const FIXEXT_8 = 0xd7
export const FIXEXT_16 = 0xd8
export const STR_8 = 0xd9
export const STR_16 = 0xda
export const STR_32 = 0xdb
export const ARRAY_16 = 0xdc
export const ARRAY_32 = 0xdd
export const MAP_16 = 0xde
export const MAP_32 = 0xdf

/** Types that keep a small number or length in the low bits of the first byte. Each range begins here. */
export const FIXMAP = 0x80
export const FIXARRAY = 0x90
export const FIXSTR = 0xa0
export const NEGATIVE_FIXINT = 0xe0

/** The extension that MessagePack itself defines: seconds and nanoseconds since 1970. Its number is -1. */
export const TIMESTAMP = 0xff

interface TypedArrayConstructor {
  readonly name: string
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBuffer): ArrayBufferView
}

/**
 * The extension of each typed array. Its bytes are the elements, little-endian. MessagePack leaves the numbers 0 to 127 to
 * applications; these are the tags of the same arrays in CBOR.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8746
 */
const TYPED_ARRAYS: readonly (readonly [extension: number, constructor: TypedArrayConstructor])[] = [
  [68, Uint8ClampedArray],
  [69, Uint16Array],
  [70, Uint32Array],
  [71, BigUint64Array],
  [72, Int8Array],
  [77, Int16Array],
  [78, Int32Array],
  [79, BigInt64Array],
  [85, Float32Array],
  [86, Float64Array],
]
export const extensionOfKind = new Map(TYPED_ARRAYS.map(([extension, { name }]) => [name, extension]))
export const constructorOfExtension = new Map(TYPED_ARRAYS)
