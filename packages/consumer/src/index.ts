export {
  type OpenRegionOptions,
  openRegion,
  openRegionSync,
  type ReadonlyView,
  type RegionMemory,
  RegionReader,
} from './region.js'
export {
  type OpenStreamOptions,
  openStream,
  type ReaderOptions,
  type StreamEnd,
  StreamReader,
  type StreamWaitOptions,
} from './stream.js'
