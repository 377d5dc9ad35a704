export type { MemberKind, MemberView, RegionMemory, StreamWaitOptions, WaitStrategy } from '@memlane/channel'
export { type CreateStreamOptions, createStream, type JoinStreamOptions, joinStream } from './create-stream.js'
export {
  type CreateRegionOptions,
  createRegion,
  type RegionUpdateView,
  type RegionValue,
  RegionWriter,
} from './region-writer.js'
export { type JoinOptions, type ReadyOptions, StreamWriter } from './stream-writer.js'
