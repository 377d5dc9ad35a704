export {
  type Api,
  api,
  call,
  type Procedure,
  type ProcedureOptions,
  type Procedures,
  type Streamed,
  stream,
} from './call/api.js'
export type {
  AnyCodec,
  Codec,
  CodecOf,
  MemberDescriptor,
  MessageOf,
  MessageView,
  PayloadDescriptor,
  PayloadEncoding,
  PayloadView,
  ProcedureDescriptor,
  ReadonlyMessageView,
  Schema,
  SchemaDescriptor,
  UnknownMessage,
  UnknownSchema,
} from './codec/codec.js'
export type { Members } from './codec/members.js'
export { payload } from './codec/payload.js'
export {
  type ReadonlyUnionView,
  type UnionCodec,
  type UnionValue,
  type UnionView,
  union,
} from './codec/union.js'
export { type Board, board } from './latest/board.js'
export { array } from './layout/array.js'
export { bytes } from './layout/bytes.js'
export { enumeration } from './layout/enumeration.js'
export { at, type Fields, type PlacedField, type StructOptions } from './layout/field-placement.js'
export type {
  AnyLayout,
  Consistency,
  FieldDescriptor,
  Infer,
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
  type HasVersionWords,
  isVersioned,
  readSnapshot,
  type SnapshotValue,
  updateSnapshot,
  type VersionedLayout,
  writeSnapshot,
} from './layout/snapshot.js'
export { type AnyStructLayout, type LayoutOf, type StructLayout, type StructValue, struct } from './layout/struct.js'
export { latin1, TEXT_ENCODINGS, type TextOptions, text, utf8, utf16le, utf32le } from './layout/text.js'
export type {
  ArrayView,
  BytesView,
  FieldView,
  MutableArrayLike,
  ReadonlyArrayView,
  ReadonlyBytesView,
  ReadonlyFieldView,
  ReadonlyStructView,
  ReadonlyView,
  StructView,
  TypedArray,
  TypedArrayClass,
  UpdateView,
  View,
} from './layout/view.js'
export type { QueueFigures } from './queue/queue-figures.js'
export type { Overflow, WithoutConsumers } from './stream/stream-header.js'
