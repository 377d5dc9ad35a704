import type { InspectOptions } from './inspect.js'
import type { Inspection } from './inspection.js'

/**
 * Looks into all shared memory that the system lists: see `inspect`. Memory that cannot be read is listed as `unreadable`. Sorted by name.
 *
 * Windows lists names only. Each look there opens the memory for a moment, and can so delay its end.
 *
 * @throws SharedMemoryError `NOT_SUPPORTED`, `SYSTEM` if the system lists nothing
 * @throws TypeError if an option is unknown or has the wrong type
 */
export function inspectAll(_options: InspectOptions = {}): Inspection[] {
  throw new Error('not implemented yet')
}
