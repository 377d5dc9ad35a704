export type { MemberKind, MemberView, RegionMemory, StreamWaitOptions, WaitStrategy } from '@memlane/channel'
export { type CreateRegionOptions, createRegion } from './create-region.js'
export {
  type CreateStreamOptions,
  createStream,
  type JoinOptions,
  type JoinStreamOptions,
  joinStream,
} from './create-stream.js'
export { type RegionUpdateView, type RegionValue, RegionWriter } from './region-writer.js'
export { type ReadyOptions, StreamWriter } from './stream-writer.js'
