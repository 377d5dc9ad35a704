export { Bells } from './bells.js'
export {
  type CallChannel,
  type CallOptions,
  type ClientProcedure,
  callChecks,
  clientProcedures,
  createCallChannel,
  idempotentProcedures,
} from './call.js'
export { decodeAnswer, decodeRequest, encodeAnswer, encodeRequest } from './call-values.js'
export { type AnyChannel, Channel, type CreateChannelOptions, type OpenChannelOptions } from './channel.js'
export { channelError, explainChannel } from './channel-error.js'
export { CoarseClock } from './coarse-clock.js'
export { ConsumerLag } from './consumer-lag.js'
export { ConsumerWatch } from './consumer-watch.js'
export { createOrContinue } from './create-or-continue.js'
export { deadlineAfter, timeLeft } from './deadline.js'
export { type ChannelErrorCode, channelErrorCodes } from './errors.js'
export { HeldCursor } from './held-cursor.js'
export { type Inspect, inspection, schemaName, unlessCorrupt } from './inspection.js'
export { iterate } from './iteration.js'
export type { LaneCursor, StreamStart } from './lane-cursor.js'
export { LaneSet, type StreamEnd } from './lane-set.js'
export {
  type Cells,
  createLatestChannel,
  isBoard,
  keysOf,
  type LatestChannel,
  type LatestKeys,
  type LatestOptions,
  type LatestSchema,
  latestChecks,
  membersOf,
  openCells,
  unknownKey,
} from './latest.js'
export { isPromise, type MessageHandler, refusePromise } from './message-handler.js'
export { type MemberKind, type MemberView, MessageWriter } from './message-writer.js'
export { OverdueMessages } from './overdue-messages.js'
export { OverwrittenCursor, wideStart } from './overwritten-cursor.js'
export { Participant } from './participant.js'
export { PeerChecks } from './peer-checks.js'
export { type EndOn, ProducerWatch } from './producer-watch.js'
export {
  createQueueChannel,
  type QueueChannel,
  type QueueOptions,
  queueChecks,
} from './queue.js'
export { readerCodec } from './reader-codec.js'
export { type ReaderKeys, readerKeys } from './reader-keys.js'
export { ReadyConsumers } from './ready-consumers.js'
export { RegionCopy } from './region-copy.js'
export {
  checkRegion,
  JOINED_WRITER_SLOTS,
  ONLY_WRITER_SLOT,
  type RegionMemory,
  regionError,
  regionFacts,
  regionLength,
} from './region-memory.js'
export { roundIfDue } from './rounds.js'
export { checkSameOptions } from './same-options.js'
export { checkHash, schemaIn } from './schema.js'
export { claimLease, claimSlot, cleanUpIfDead, holdersOf, type SlotClaim, type SlotWish } from './slot-claim.js'
export { countConsumers, countProducers, type SlotBells, SlotPeers, type SlotsChannel } from './slot-peers.js'
export {
  createStreamChannel,
  openLane,
  type StreamChannel,
  type StreamOptions,
  streamChecks,
} from './stream.js'
export { claimSlotAlone } from './take-over.js'
export type { WaitCondition } from './wait-condition.js'
export {
  checkRoomOptions,
  checkSyncRoomOptions,
  checkSyncWaitOptions,
  checkWaitOptions,
  type SyncWaitOptions,
} from './wait-options.js'
export { checkWaitStrategy, type SleepHandle, type StreamWaitOptions, Waiter, type WaitStrategy } from './waiter.js'
export { WaitingSends } from './waiting-sends.js'
