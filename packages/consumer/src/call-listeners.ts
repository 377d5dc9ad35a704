import { setImmediate } from '@memlane/core/internal'

/** Calls listeners now. An error that one throws is uncaught, but does not stop what the consumer is doing. */
export function callListeners(emit: () => void): void {
  try {
    emit()
  } catch (error) {
    setImmediate(() => {
      throw error
    })
  }
}
