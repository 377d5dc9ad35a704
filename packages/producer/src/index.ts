export type { MemberKind, MemberView, RegionMemory, StreamWaitOptions, WaitStrategy } from '@memlane/channel'
export { BoardWriter } from './board-writer.js'
export { CallClient, type Client } from './call-client.js'
export type { AnswerOf, CallWaitOptions, InPlaceCall, MethodOf, Methods, PlainNames, RequestOf } from './call-types.js'
export { type ConnectOptions, connect } from './connect.js'
export { type CreateLatestOptions, createLatest } from './create-latest.js'
export { type CreateQueueOptions, createQueue, type JoinQueueOptions, joinQueue } from './create-queue.js'
export { type CreateRegionOptions, createRegion } from './create-region.js'
export {
  type CreateStreamOptions,
  createStream,
  type JoinOptions,
  type JoinStreamOptions,
  joinStream,
} from './create-stream.js'
export { KeyWriter } from './key-writer.js'
export { LatestWriter } from './latest-writer.js'
export { QueueWriter } from './queue-writer.js'
export { type RegionUpdateView, type RegionValue, RegionWriter } from './region-writer.js'
export { RemoteError } from './remote-error.js'
export { type ReadyOptions, StreamWriter } from './stream-writer.js'
