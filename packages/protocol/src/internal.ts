/** The parts of this package that only memlane's other packages use. Not part of the public API: they change without notice. */

export { forEachPart, PART_HEADER_LENGTH, partLength, putPartHeader } from './call/answer-parts.js'
export { CallControl, withKindOf } from './call/call-control.js'
export { type CallFields, type CallHeader, MIN_ANSWER_LENGTH, wrongCallField } from './call/call-header.js'
export { callShape } from './call/call-shape.js'
export {
  ABANDONED,
  ANSWERED,
  DIED,
  DONE,
  EXPIRED,
  FAILED,
  LATE,
  PART,
  RETURNED_CALL,
} from './call/call-word.js'
export { CallWriter } from './call/call-writer.js'
export { type ApiDescriptor, proceduresIn } from './call/procedures-in.js'
export {
  CHANNEL_HEADER_LENGTH,
  channelShapeIn,
  isSameInstance,
  newChannelHeader,
  readChannelHeader,
  writeChannelHeader,
} from './channel/channel-header.js'
export type { ChannelHeader, ChannelPlaces, Shape } from './channel/shape.js'
export { Side, type SidePlaces } from './channel/side.js'
export { isAsleep, Sleepers, SleepMark } from './channel/sleepers.js'
export { codecOf } from './codec/codec-of.js'
export { decodeDescriptor, encodeDescriptor, hashDescriptor, isSameDescriptor, layoutHash } from './codec/descriptor.js'
export { checkedDescriptor, codecFromDescriptor } from './codec/from-descriptor.js'
export { projectCodec } from './codec/project-codec.js'
export { UNION_HEADER_LENGTH } from './codec/union.js'
export { findEnd, LaneReader } from './lane/lane-reader.js'
export { LaneWriter, type RefreshLimit } from './lane/lane-writer.js'
export { recordLength } from './lane/record.js'
export { type LanePosition, MAX_LANE_CAPACITY, MIN_LANE_CAPACITY, maxMessageLength, tooLong } from './lane/ring.js'
export { CellReader, NEVER_SET, wideVersion } from './latest/cell-reader.js'
export { CellWriter } from './latest/cell-writer.js'
export { type KeysIn, keysIn, ONLY_KEY } from './latest/keys-in.js'
export type { LatestControl } from './latest/latest-control.js'
export type { LatestFields } from './latest/latest-header.js'
export { CELL_COUNT, type KeyPlace, keyPlacesOf, MAX_READERS, MAX_VALUE_LENGTH } from './latest/latest-layout.js'
export { latestShape } from './latest/latest-shape.js'
export { type CopiedMemory, copySnapshot, publishCopy } from './layout/copied-snapshot.js'
export { Difference } from './layout/difference.js'
export { debugsViews, endView, KEPT } from './layout/ended-view.js'
export { LAYOUT_MARK_LENGTH, layoutMarkOffset, layoutMarkProblem, writeLayoutMark } from './layout/layout-mark.js'
export { updateThrough } from './layout/snapshot.js'
export { changeSlot, loadAfterCopy, loadSlot, wordsOf } from './memory/atomics.js'
export { forEachBit, lowestBit } from './memory/bits.js'
export { copyWords, MAX_COPY_ATTEMPTS } from './memory/copy-unchanged.js'
export { outOfLine } from './memory/out-of-line.js'
export { MessageRecall } from './queue/message-recall.js'
export { QueueControl, type Return } from './queue/queue-control.js'
export { figuresOf, isSettled } from './queue/queue-figures.js'
export type { QueueFields, QueueHeader } from './queue/queue-header.js'
export { queueShape } from './queue/queue-shape.js'
export { QueueTaker } from './queue/queue-taker.js'
export { DEAD, RETURNED, RETURNING } from './queue/queue-word.js'
export { notBeforeIn, reasonIn } from './queue/slot-note.js'
export { closeProducerPlace, ProducerPlace } from './slots/producer-place.js'
export { generationOfEntry, slotOfEntry } from './slots/ring-entry.js'
export { announceReturn, giveBackOf, joinConsumers, leaveConsumers } from './slots/slot-recovery.js'
export { type SlotProducerState, SlotTable } from './slots/slot-table.js'
export { consumerOf, FREE, generationOf, kindOf, MAX_GENERATION, READY, TAKEN, withKind } from './slots/slot-word.js'
export { SlotWriter } from './slots/slot-writer.js'
export { CLIENT_PID, LENGTH, SLOT_HEADER_LENGTH } from './slots/slots-layout.js'
export { ConsumerSlot } from './stream/consumer-slot.js'
export { type LaneLimit, laneLimitOf } from './stream/lane-limit.js'
export { ProducerSlot } from './stream/producer-slot.js'
export { type ProducerState, StreamControl } from './stream/stream-control.js'
export type { StreamFields, StreamHeader } from './stream/stream-header.js'
export {
  LANE_ALIGNMENT,
  MAX_CONSUMERS,
  MAX_PRODUCERS,
  placesOf,
  type StreamDimensions,
  wrongDimension,
} from './stream/stream-layout.js'
export { streamShape } from './stream/stream-shape.js'
