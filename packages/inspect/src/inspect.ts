import type { OpenOptions } from '@memlane/core'
import type { Inspection } from './inspection.js'

/** How to look. */
export interface InspectOptions {
  /** The owners of memory to accept besides this user and root: see `SharedMemory.open`. Default: no other owners. */
  trustOwner?: NonNullable<OpenOptions['trustOwner']>
  /**
   * Whether to find out which processes the participants are. That takes some milliseconds for each of them on Linux. Default true.
   */
  processes?: boolean
}

/**
 * Looks into one memory, read-only: what it is, who takes part, how much goes through, and what is stuck. Takes no place, writes
 * nothing, wakes nobody. Blocks for some milliseconds; only meanwhile, it is one more handle of the memory.
 *
 * @throws SharedMemoryError `NOT_FOUND`, `INVALID_NAME`, `ACCESS_DENIED`, `NOT_SHARED_MEMORY`, `VERSION_MISMATCH`, `SYSTEM`; `CORRUPT`
 * if the header of a channel cannot be right
 * @throws TypeError if an option is unknown or has the wrong type
 */
export function inspect(_name: string, _options: InspectOptions = {}): Inspection {
  throw new Error('not implemented yet')
}
