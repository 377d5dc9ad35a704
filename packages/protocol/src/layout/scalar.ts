import type { Layout, ScalarKind } from './layout.js'
import { Mismatch, typeMismatch } from './mismatch.js'
import { valueLayout } from './value-layout.js'

type Read<T> = (view: DataView, offset: number) => T
type Property = NonNullable<Layout<number>['property']>
type Put<T> = (view: DataView, offset: number, value: T) => void

/** Makes an integer layout. `fits` is the quick test; `min` and `max` are for the error message. */
function integer(
  kind: ScalarKind,
  length: number,
  min: number,
  max: number,
  fits: (value: number) => boolean,
  read: Read<number>,
  put: Put<number>,
  property: Property,
): Layout<number> {
  const refuse = (value: unknown) =>
    typeof value === 'number'
      ? new Mismatch('range', `${value} is not ${article(kind)} (${min} to ${max})`)
      : typeMismatch(`a number (${kind})`, value)
  const check = (value: unknown) => (typeof value === 'number' && fits(value) ? undefined : refuse(value))
  return valueLayout({ kind, length, alignment: length }, { check, read, put, property })
}

/** Makes a 64-bit integer layout: its values are bigints. */
function bigInteger(
  kind: ScalarKind,
  min: bigint,
  max: bigint,
  fits: (value: bigint) => boolean,
  read: Read<bigint>,
  put: Put<bigint>,
): Layout<bigint> {
  const refuse = (value: unknown) =>
    typeof value === 'bigint'
      ? new Mismatch('range', `${value}n is not ${article(kind)} (${min}n to ${max}n)`)
      : typeMismatch(`a bigint (${kind})`, value)
  const check = (value: unknown) => (typeof value === 'bigint' && fits(value) ? undefined : refuse(value))
  return valueLayout({ kind, length: 8, alignment: 8 }, { check, read, put })
}

const article = (kind: ScalarKind) => `${kind.startsWith('u') ? 'a' : 'an'} ${kind}`

/** A signed integer of 1 byte. */
export const i8 = integer(
  'i8',
  1,
  -0x80,
  0x7f,
  (value) => (value << 24) >> 24 === value,
  (view, offset) => view.getInt8(offset),
  (view, offset, value) => view.setInt8(offset, value),
  (offset, refuse) => ({
    get() {
      return this['\0data'].getInt8(this['\0offset'] + offset)
    },
    set(value: number) {
      if ((value << 24) >> 24 !== value) refuse(this, value)
      this['\0data'].setInt8(this['\0offset'] + offset, value)
    },
  }),
)

/** An unsigned integer of 1 byte. */
export const u8 = integer(
  'u8',
  1,
  0,
  0xff,
  (value) => (value & 0xff) === value,
  (view, offset) => view.getUint8(offset),
  (view, offset, value) => view.setUint8(offset, value),
  (offset, refuse) => ({
    get() {
      return this['\0data'].getUint8(this['\0offset'] + offset)
    },
    set(value: number) {
      if ((value & 0xff) !== value) refuse(this, value)
      this['\0data'].setUint8(this['\0offset'] + offset, value)
    },
  }),
)

/** A signed integer of 2 bytes. */
export const i16 = integer(
  'i16',
  2,
  -0x8000,
  0x7fff,
  (value) => (value << 16) >> 16 === value,
  (view, offset) => view.getInt16(offset, true),
  (view, offset, value) => view.setInt16(offset, value, true),
  (offset, refuse) => ({
    get() {
      return this['\0data'].getInt16(this['\0offset'] + offset, true)
    },
    set(value: number) {
      if ((value << 16) >> 16 !== value) refuse(this, value)
      this['\0data'].setInt16(this['\0offset'] + offset, value, true)
    },
  }),
)

/** An unsigned integer of 2 bytes. */
export const u16 = integer(
  'u16',
  2,
  0,
  0xffff,
  (value) => (value & 0xffff) === value,
  (view, offset) => view.getUint16(offset, true),
  (view, offset, value) => view.setUint16(offset, value, true),
  (offset, refuse) => ({
    get() {
      return this['\0data'].getUint16(this['\0offset'] + offset, true)
    },
    set(value: number) {
      if ((value & 0xffff) !== value) refuse(this, value)
      this['\0data'].setUint16(this['\0offset'] + offset, value, true)
    },
  }),
)

/** A signed integer of 4 bytes. */
export const i32 = integer(
  'i32',
  4,
  -0x8000_0000,
  0x7fff_ffff,
  (value) => (value | 0) === value,
  (view, offset) => view.getInt32(offset, true),
  (view, offset, value) => view.setInt32(offset, value, true),
  (offset, refuse) => ({
    get() {
      return this['\0data'].getInt32(this['\0offset'] + offset, true)
    },
    set(value: number) {
      if ((value | 0) !== value) refuse(this, value)
      this['\0data'].setInt32(this['\0offset'] + offset, value, true)
    },
  }),
)

/** An unsigned integer of 4 bytes. */
export const u32 = integer(
  'u32',
  4,
  0,
  0xffff_ffff,
  (value) => value >>> 0 === value,
  (view, offset) => view.getUint32(offset, true),
  (view, offset, value) => view.setUint32(offset, value, true),
  (offset, refuse) => ({
    get() {
      return this['\0data'].getUint32(this['\0offset'] + offset, true)
    },
    set(value: number) {
      if (value >>> 0 !== value) refuse(this, value)
      this['\0data'].setUint32(this['\0offset'] + offset, value, true)
    },
  }),
)

/** A signed integer of 8 bytes, as a bigint. Reading allocates the bigint, which costs about 15 ns. */
export const i64 = bigInteger(
  'i64',
  -(2n ** 63n),
  2n ** 63n - 1n,
  (value) => BigInt.asIntN(64, value) === value,
  (view, offset) => view.getBigInt64(offset, true),
  (view, offset, value) => view.setBigInt64(offset, value, true),
)

/** An unsigned integer of 8 bytes, as a bigint. Reading allocates the bigint, which costs about 15 ns. */
export const u64 = bigInteger(
  'u64',
  0n,
  2n ** 64n - 1n,
  (value) => BigInt.asUintN(64, value) === value,
  (view, offset) => view.getBigUint64(offset, true),
  (view, offset, value) => view.setBigUint64(offset, value, true),
)

const F32_MAX = 3.4028234663852886e38
/** The least number that rounds to infinity: halfway between F32_MAX and the next power of two. */
export const F32_OVERFLOW = 3.4028235677973366e38

/** A float of 4 bytes. Writing rounds to the nearest f32, and refuses a finite number that is too large for any. */
export const f32 = valueLayout<number>(
  { kind: 'f32', length: 4, alignment: 4 },
  {
    check(value) {
      if (typeof value !== 'number') return typeMismatch('a number (f32)', value)
      if (Math.abs(value) >= F32_OVERFLOW && Number.isFinite(value))
        return new Mismatch('range', `${value} is not an f32 (-${F32_MAX} to ${F32_MAX}, infinite or NaN)`)
      return undefined
    },
    read: (view, offset) => view.getFloat32(offset, true),
    put: (view, offset, value) => view.setFloat32(offset, value, true),
  },
)

/** A float of 8 bytes: any number, exactly. */
export const f64 = valueLayout<number>(
  { kind: 'f64', length: 8, alignment: 8 },
  {
    check: (value) => (typeof value === 'number' ? undefined : typeMismatch('a number (f64)', value)),
    read: (view, offset) => view.getFloat64(offset, true),
    put: (view, offset, value) => view.setFloat64(offset, value, true),
    property: (offset, refuse) => ({
      get() {
        return this['\0data'].getFloat64(this['\0offset'] + offset, true)
      },
      set(value: number) {
        if (typeof value !== 'number') refuse(this, value)
        this['\0data'].setFloat64(this['\0offset'] + offset, value, true)
      },
    }),
  },
)

const checkBoolean = (value: unknown) =>
  typeof value === 'boolean' ? undefined : typeMismatch('a boolean (true or false)', value)

/** A boolean of 1 byte, like C's `bool`. Any byte but 0 reads as true; true is written as 1. */
export const bool = valueLayout<boolean>(
  { kind: 'bool', length: 1, alignment: 1 },
  {
    check: checkBoolean,
    read: (view, offset) => view.getUint8(offset) !== 0,
    put: (view, offset, value) => view.setUint8(offset, value ? 1 : 0),
  },
)

/** A boolean of 4 bytes, like the `BOOL` of Windows. Anything but 0 reads as true; true is written as 1. */
export const bool32 = valueLayout<boolean>(
  { kind: 'bool', length: 4, alignment: 4 },
  {
    check: checkBoolean,
    read: (view, offset) => view.getInt32(offset, true) !== 0,
    put: (view, offset, value) => view.setInt32(offset, value ? 1 : 0, true),
  },
)
