/** What the other packages of memlane build on. No part of the public API: it changes without notice. */

export {
  CHANNEL_HEADER_LENGTH,
  readStreamHeader,
  type StreamHeader,
  writeStreamHeader,
} from './channel/channel-header.js'
export { codecOf } from './codec/codec-of.js'
export { decodeDescriptor, encodeDescriptor, hashDescriptor } from './codec/descriptor.js'
export { UNION_HEADER_LENGTH } from './codec/union.js'
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
} from './lane/lane.js'
export { outOfLine } from './memory/out-of-line.js'
export {
  ConsumerSlot,
  forEachBit,
  ProducerSlot,
  type ProducerState,
  Sleepers,
  SleepMark,
  StreamControl,
} from './stream/stream-control.js'
export {
  consumerNumber,
  LANE_ALIGNMENT,
  MAX_CONSUMERS,
  MAX_PRODUCERS,
  placesOf,
  producerNumber,
  type StreamDimensions,
  wrongDimension,
} from './stream/stream-layout.js'
