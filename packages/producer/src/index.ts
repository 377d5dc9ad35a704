export {
  type CreateRegionOptions,
  createRegion,
  type RegionMemory,
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
  type StreamWaitOptions,
  StreamWriter,
} from './stream-writer.js'
