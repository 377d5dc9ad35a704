import type { SharedMemoryError } from '../src/index.js'

/** The error that a call throws. */
export function failure(call: () => unknown): SharedMemoryError {
  try {
    call()
  } catch (error) {
    return error as SharedMemoryError
  }
  throw new Error('nothing was thrown')
}
