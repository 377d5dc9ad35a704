export type { MemberKind, MemberView, RegionMemory, StreamWaitOptions, WaitStrategy } from '@memlane/channel'
export { type CreateQueueOptions, createQueue, type JoinQueueOptions, joinQueue } from './create-queue.js'
export { type CreateRegionOptions, createRegion } from './create-region.js'
export {
  type CreateStreamOptions,
  createStream,
  type JoinOptions,
  type JoinStreamOptions,
  joinStream,
} from './create-stream.js'
export { QueueWriter } from './queue-writer.js'
export { type RegionUpdateView, type RegionValue, RegionWriter } from './region-writer.js'
export { type ReadyOptions, StreamWriter } from './stream-writer.js'
