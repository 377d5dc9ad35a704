import type { Tail, TailOptions } from './tail.js'

/**
 * Opens an observer of a stream, a latest, a queue or calls. Does not wait for the memory to appear, and does not block otherwise.
 *
 * @throws SharedMemoryError `NOT_FOUND`, `INVALID_NAME`, `ACCESS_DENIED`, `NOT_A_CHANNEL`, `VERSION_MISMATCH`, `CORRUPT`, `NOT_READY`,
 * `NOT_SUPPORTED`, `SYSTEM`
 * @throws TypeError if an option is unknown or has the wrong type
 */
export function openTail(_name: string, _options: TailOptions = {}): Tail {
  throw new Error('not implemented yet')
}
