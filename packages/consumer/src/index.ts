export type { RegionMemory, StreamWaitOptions, WaitStrategy } from '@memlane/channel'
export {
  type OpenRegionOptions,
  openRegion,
  openRegionSync,
  type ReadonlyView,
  RegionReader,
} from './region-reader.js'
export {
  type OpenStreamOptions,
  openStream,
  type ReaderOptions,
  type StreamEnd,
  StreamReader,
} from './stream-reader.js'
