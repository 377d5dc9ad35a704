export type {
  AnyCodec,
  Codec,
  MemberDescriptor,
  MessageOf,
  MessageView,
  PayloadDescriptor,
  PayloadEncoding,
  PayloadView,
  Schema,
} from './codec/codec.js'
export { payload } from './codec/payload.js'
export { type Members, type UnionCodec, type UnionValue, type UnionView, union } from './codec/union.js'
export { type ArrayLayout, type ArrayView, array } from './layout/array.js'
export { bytes } from './layout/bytes.js'
export { enumeration } from './layout/enumeration.js'
export type {
  AnyLayout,
  Consistency,
  FieldDescriptor,
  Infer,
  InferField,
  Layout,
  LayoutDescriptor,
  ScalarKind,
  TextEncoding,
} from './layout/layout.js'
export { LayoutError, type LayoutErrorCode } from './layout/layout-error.js'
export type { Mismatch } from './layout/mismatch.js'
export { bool, bool32, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64 } from './layout/scalar.js'
export {
  checkValue,
  isVersioned,
  readSnapshot,
  type SnapshotValue,
  updateSnapshot,
  writeSnapshot,
} from './layout/snapshot.js'
export {
  at,
  type Fields,
  type PlacedField,
  type StructLayout,
  type StructOptions,
  type StructValue,
  type StructView,
  struct,
} from './layout/struct.js'
export { latin1, TEXT_ENCODINGS, type TextOptions, text, utf8, utf16le, utf32le } from './layout/text.js'
export type { Overflow, WithoutConsumers } from './stream/stream-header.js'
