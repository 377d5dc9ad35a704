import type { TypedArrayClass } from './view.js'

/** The class of the typed array for each number layout, by the layout's kind. */
const CLASSES: Readonly<Record<string, TypedArrayClass>> = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
}

/** Typed arrays use the byte order of the CPU, and layouts are little-endian. Their bytes are equal only on a little-endian CPU. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Returns the typed array whose elements have the bytes of a layout of this kind, if there is one on this processor. */
export function typedArrayClass(kind: string): TypedArrayClass | undefined {
  return IS_LITTLE_ENDIAN && Object.hasOwn(CLASSES, kind) ? CLASSES[kind] : undefined
}

/** Returns the name of the typed array for a layout of this kind, on any processor. */
export function typedArrayName(kind: string): string | undefined {
  return Object.hasOwn(CLASSES, kind) ? CLASSES[kind]?.name : undefined
}
