export {
  type OpenRegionOptions,
  openRegion,
  openRegionSync,
  type ReadonlyView,
  type RegionMemory,
  RegionReader,
} from './region-reader.js'
export {
  type OpenStreamOptions,
  openStream,
  type ReaderOptions,
  type StreamEnd,
  StreamReader,
  type StreamWaitOptions,
} from './stream-reader.js'
