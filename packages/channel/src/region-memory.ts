import type { SharedMemory } from '@memlane/core'

/** The memory under a region: a `SharedMemory`, or an object around any ArrayBuffer that has these members. */
export type RegionMemory = Pick<SharedMemory, 'name' | 'buffer' | 'close'>
