export {
  type OpenRegionOptions,
  openRegion,
  openRegionSync,
  type ReadonlyView,
  type RegionMemory,
  RegionReader,
} from './region.js'
