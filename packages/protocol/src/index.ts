export { type ArrayLayout, type ArrayView, array } from './array.js'
export { bytes } from './bytes.js'
export {
  CHANNEL_HEADER_LENGTH,
  type Overflow,
  readStreamHeader,
  type StreamHeader,
  type WithoutConsumers,
  writeStreamHeader,
} from './channel-header.js'
export {
  type AnyCodec,
  type Codec,
  codecOf,
  type MemberDescriptor,
  type MessageOf,
  type MessageView,
  type PayloadDescriptor,
  type PayloadEncoding,
  type PayloadView,
  type Schema,
} from './codec/codec.js'
export { decodeDescriptor, encodeDescriptor, hashDescriptor } from './codec/descriptor.js'
export { payload } from './codec/payload.js'
export {
  type Members,
  UNION_HEADER_LENGTH,
  type UnionCodec,
  type UnionValue,
  type UnionView,
  union,
} from './codec/union.js'
export { enumeration } from './enumeration.js'
export {
  findEnd,
  type LanePosition,
  LaneReader,
  LaneWriter,
  MAX_LANE_CAPACITY,
  MIN_LANE_CAPACITY,
  maxMessageLength,
  type RefreshLimit,
  tooLong,
} from './lane.js'
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
} from './layout.js'
export { LayoutError, type LayoutErrorCode } from './layout-error.js'
export type { Mismatch } from './mismatch.js'
export { outOfLine } from './out-of-line.js'
export { bool, bool32, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64 } from './scalar.js'
export { checkValue, isVersioned, readSnapshot, type SnapshotValue, updateSnapshot, writeSnapshot } from './snapshot.js'
export {
  ConsumerSlot,
  forEachBit,
  ProducerSlot,
  type ProducerState,
  Sleepers,
  SleepMark,
  StreamControl,
} from './stream-control.js'
export {
  consumerNumber,
  LANE_ALIGNMENT,
  MAX_CONSUMERS,
  MAX_PRODUCERS,
  placesOf,
  producerNumber,
  type StreamDimensions,
  wrongDimension,
} from './stream-layout.js'
export {
  at,
  type Fields,
  type PlacedField,
  type StructLayout,
  type StructOptions,
  type StructValue,
  type StructView,
  struct,
} from './struct.js'
export { latin1, TEXT_ENCODINGS, type TextOptions, text, utf8, utf16le, utf32le } from './text.js'
