export type { EndOn, RegionMemory, StreamEnd, StreamStart, StreamWaitOptions, WaitStrategy } from '@memlane/channel'
export { type OpenStreamOptions, openStream } from './open-stream.js'
export {
  type OpenRegionOptions,
  openRegion,
  openRegionSync,
  RegionReader,
} from './region-reader.js'
export { type BatchOptions, type IterationOptions, type ReaderOptions, StreamReader } from './stream-reader.js'
