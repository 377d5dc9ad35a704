import { watch } from 'node:fs'
import { basename } from 'node:path'
import { capabilities } from './capabilities.js'
import { SharedMemoryError } from './errors.js'
import { resolveName } from './name.js'

/** How long to wait, and what ends it. */
export interface WaitOptions {
  /** Ends the waiting: it rejects with the signal's reason. */
  signal?: AbortSignal
  /** Milliseconds, from 0 (look once) to 2^31-1, or Infinity (default). */
  timeoutMs?: number
  /** Whether the waiting keeps the process running. Default true. */
  ref?: boolean
}

const POLL_INTERVAL_MS = 100 // where the system gives no notice of new objects
const MAX_TIMEOUT_MS = 2 ** 31 - 1 // longer ones overflow Node's timers

/** Calls `open` until it succeeds, or fails for another reason than that the memory is not there yet. */
export async function untilPresent<T>(open: () => T, name: string, options: WaitOptions): Promise<T> {
  const { signal, timeoutMs = Infinity, ref = true } = options
  checkTimeout(timeoutMs)
  const objectFile = basename(resolveName(name))
  signal?.throwIfAborted()
  if (timeoutMs === 0) return open()

  const cleanups: (() => void)[] = []
  try {
    return await new Promise<T>((resolve, reject) => {
      let missing: unknown
      let over = false // an event that is under way already must open nothing more
      const fail = (reason: unknown) => {
        over = true
        reject(reason)
      }
      const look = () => {
        if (over) return
        try {
          resolve(open())
          over = true
        } catch (error) {
          if (isMissing(error)) missing = error
          else fail(error)
        }
      }
      const lookOften = () => {
        if (over) return
        const timer = setInterval(look, POLL_INTERVAL_MS)
        if (!ref) timer.unref()
        cleanups.push(() => clearInterval(timer))
      }
      if (capabilities.objectDirectory === undefined) {
        lookOften()
      } else {
        try {
          const watcher = watch(capabilities.objectDirectory, { persistent: ref }, (_event, file) => {
            if (file === objectFile || file === null) look()
          })
          watcher.once('error', lookOften)
          cleanups.push(() => watcher.close())
        } catch {
          lookOften() // no watch to be had: the system's limit is reached
        }
      }
      if (timeoutMs !== Infinity) {
        const timer = setTimeout(() => {
          look()
          if (!over) fail(timedOut(missing as SharedMemoryError, timeoutMs))
        }, timeoutMs)
        if (!ref) timer.unref()
        cleanups.push(() => clearTimeout(timer))
      }
      if (signal) {
        const abort = () => fail(signal.reason)
        signal.addEventListener('abort', abort)
        cleanups.push(() => signal.removeEventListener('abort', abort))
      }
      look()
    })
  } finally {
    for (const cleanup of cleanups) cleanup()
  }
}

export function checkTimeout(timeoutMs: number): void {
  if (!(timeoutMs >= 0) || (timeoutMs > MAX_TIMEOUT_MS && timeoutMs !== Infinity)) {
    throw new RangeError(`timeoutMs ${timeoutMs} is not a number from 0 to ${MAX_TIMEOUT_MS}, or Infinity`)
  }
}

function timedOut(missing: SharedMemoryError, timeoutMs: number): SharedMemoryError {
  const { code, syscall, osCode, requested, available } = missing
  const message = `${missing.message} Waited for ${timeoutMs} ms.`
  return new SharedMemoryError(code, message, { syscall, osCode, requested, available, cause: missing })
}

// POSIX programs create an object empty and give it its length in a second step.
function isMissing(error: unknown): boolean {
  if (!(error instanceof SharedMemoryError)) return false
  return error.code === 'NOT_FOUND' || (error.code === 'TOO_SHORT' && error.available === 0)
}
