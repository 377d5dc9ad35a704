import { setMaxListeners } from 'node:events'

/** Lets any number of calls listen to a signal. Node.js warns of a leak at the eleventh listener otherwise. */
export function shareSignal(signal: AbortSignal): void {
  try {
    setMaxListeners(Infinity, signal)
  } catch {
    // Node.js 20 refuses a signal whose limit the program has set to 0, which means none
  }
}
