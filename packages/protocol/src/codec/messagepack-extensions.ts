import {
  decodeTimestampToTimeSpec,
  EXT_TIMESTAMP,
  ExtData,
  type ExtensionCodecType,
  encodeTimeSpecToTimestamp,
} from '@msgpack/msgpack'
import { byteLengthOf, bytesIn, kindOfTypedArray } from '../memory/typed-array.js'

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
const extensions = new Map(TYPED_ARRAYS.map(([extension, { name }]) => [name, extension]))
const constructors = new Map(TYPED_ARRAYS)

/** Returns the extension of a class of typed arrays, such as `Int16Array`, and `undefined` for others. */
export function extensionOf(kind: string): number | undefined {
  return extensions.get(kind)
}

/** Returns the time of a Date, or `undefined` for any other object. Works across realms. */
export function timeOf(value: object): number | undefined {
  try {
    return Date.prototype.getTime.call(value)
  } catch {
    return undefined
  }
}

/**
 * Tells whether a Uint8Array claims another length than it has, by an own property or in a subclass. The encoder would leave
 * the difference unwritten, and so send bytes of an earlier message.
 */
export function claimsAnotherLength(bytes: Uint8Array): boolean {
  const length = byteLengthOf(bytes)
  return bytes.byteLength !== length || bytes.length !== length
}

/** Carries Dates as timestamps, and typed arrays except Uint8Array as extensions. */
export const extensionCodec: ExtensionCodecType<undefined> = {
  tryToEncode(value) {
    if (typeof value !== 'object' || value === null) return null
    const kind = kindOfTypedArray(value)
    const extension = kind === undefined ? undefined : extensions.get(kind)
    if (extension !== undefined) return new ExtData(extension, bytesIn(value as ArrayBufferView))
    if (kind === 'Uint8Array' && claimsAnotherLength(value as Uint8Array))
      throw new TypeError('MessagePack cannot carry a Uint8Array that claims another length than it has')
    if (kind !== undefined || Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) return null
    const time = timeOf(value)
    if (time === undefined) return null
    const sec = Math.floor(time / 1000)
    return new ExtData(EXT_TIMESTAMP, encodeTimeSpecToTimestamp({ sec, nsec: (time - sec * 1000) * 1e6 }))
  },

  decode(data, extension) {
    if (extension === EXT_TIMESTAMP) return readTimestamp(data)
    const TypedArray = constructors.get(extension)
    if (TypedArray === undefined) throw new RangeError(`memlane does not know the extension ${extension}`)
    if (data.length % TypedArray.BYTES_PER_ELEMENT !== 0)
      throw new RangeError(`a ${TypedArray.name} cannot have ${data.length} bytes`)
    return new TypedArray(data.slice().buffer)
  },
}

function readTimestamp(data: Uint8Array): Date {
  const { sec, nsec } = decodeTimestampToTimeSpec(data)
  const date = new Date(sec * 1000 + Math.floor(nsec / 1e6))
  if (nsec > 999_999_999 || Number.isNaN(date.getTime()))
    throw new RangeError(`a Date cannot hold ${sec} s and ${nsec} ns`)
  return date
}
