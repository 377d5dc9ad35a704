export { type CreateRegionOptions, createRegion, type RegionMemory, type RegionValue, RegionWriter } from './region.js'
