export type { RegionMemory, StreamWaitOptions, WaitStrategy } from '@memlane/channel'
export {
  type CreateRegionOptions,
  createRegion,
  type RegionValue,
  RegionWriter,
} from './region-writer.js'
export {
  type CreateStreamOptions,
  createStream,
  type JoinOptions,
  type JoinStreamOptions,
  joinStream,
  type MemberKind,
  type MemberView,
  StreamWriter,
} from './stream-writer.js'
