export { type Capabilities, capabilities } from './capabilities.js'
export { Doorbell } from './doorbell.js'
export { SharedMemoryError, type SharedMemoryErrorCode } from './errors.js'
export { Lease } from './lease.js'
export { memoryBarrier, publishesPlainly } from './memory-barrier.js'
export {
  type Access,
  type CreateOptions,
  type OpenOptions,
  SharedMemory,
  type SharedMemoryInfo,
  type ViewRange,
} from './shared-memory.js'
export type { WaitOptions } from './waiting.js'
