import { clearTimeout, setInterval, setTimeout } from '@memlane/core/internal'

/**
 * Waits, and keeps the process running meanwhile.
 *
 * @param ms milliseconds; Infinity waits for the signal only
 * @returns false if the signal aborts
 */
export function abortablePause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const finish = (passed: boolean) => {
      clearTimeout(timer) // ends an interval, too
      signal.removeEventListener('abort', abort)
      resolve(passed)
    }
    const abort = () => finish(false)
    signal.addEventListener('abort', abort)
    const timer = ms === Infinity ? setInterval(() => {}, 2 ** 30) : setTimeout(() => finish(true), ms)
  })
}
