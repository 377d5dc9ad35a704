import { watch } from 'node:fs'
import { basename } from 'node:path'
import { capabilities } from './capabilities.js'
import { clearInterval, clearTimeout, setInterval, setTimeout } from './clock.js'
import { SharedMemoryError } from './errors.js'
import { resolveName } from './name.js'
import { checkBoolean, checkSignal, checkTimeout, type OptionChecks } from './options.js'

/** How long to wait, and what ends the wait. */
export interface WaitOptions {
  /** Aborts the wait: the promise rejects with the signal's reason. */
  signal?: AbortSignal
  /** Milliseconds, from 0 (check once) to 2^31 - 1, or Infinity (default). */
  timeoutMs?: number
  /** Whether the wait keeps the process running. Default true. */
  ref?: boolean
}

export const waitChecks: OptionChecks<WaitOptions> = {
  signal: checkSignal,
  timeoutMs: checkTimeout,
  ref: checkBoolean,
}

/** Between two checks, if the system does not report new objects. */
const POLL_INTERVAL_MS = 100

/**
 * Calls `open` until it succeeds, or until it fails for another reason than missing memory. The caller must have checked the
 * options.
 */
export async function untilPresent<T>(open: () => T, name: string, options: WaitOptions): Promise<T> {
  const { signal, timeoutMs = Infinity, ref = true } = options
  const objectFile = basename(resolveName(name))
  signal?.throwIfAborted()

  const cleanups: (() => void)[] = []
  try {
    return await new Promise<T>((resolve, reject) => {
      let missing: SharedMemoryError | undefined
      let settled = false // an event that is already queued must not open the memory again
      const fail = (reason: unknown) => {
        settled = true
        reject(reason)
      }
      const tryOpen = () => {
        if (settled) return
        try {
          resolve(open())
          settled = true
        } catch (error) {
          if (isMissing(error)) missing = error
          else fail(error)
        }
      }
      const poll = () => {
        if (settled) return
        const timer = setInterval(tryOpen, POLL_INTERVAL_MS)
        if (!ref) timer.unref()
        cleanups.push(() => clearInterval(timer))
      }
      const giveUp = () => {
        tryOpen()
        if (!settled) fail(timedOut(name, timeoutMs, missing))
      }
      if (timeoutMs === 0) {
        giveUp()
        return
      }
      if (capabilities.objectDirectory === undefined) {
        poll()
      } else {
        try {
          const watcher = watch(capabilities.objectDirectory, { persistent: ref }, (_event, file) => {
            if (file === objectFile || file === null) tryOpen()
          })
          watcher.once('error', poll)
          cleanups.push(() => watcher.close())
        } catch {
          poll() // the folder cannot be watched: the system's limit is reached, or there is no folder yet
        }
      }
      if (timeoutMs !== Infinity) {
        const timer = setTimeout(giveUp, timeoutMs)
        if (!ref) timer.unref()
        cleanups.push(() => clearTimeout(timer))
      }
      if (signal) {
        const abort = () => fail(signal.reason)
        signal.addEventListener('abort', abort)
        cleanups.push(() => signal.removeEventListener('abort', abort))
      }
      tryOpen()
    })
  } finally {
    for (const cleanup of cleanups) cleanup()
  }
}

function timedOut(name: string, timeoutMs: number, missing: SharedMemoryError | undefined): SharedMemoryError {
  const why =
    missing?.code === 'TOO_SHORT'
      ? 'its creator has not given it a length. Check that process'
      : 'no process holds memory of that name. Start the process that creates it, check the name and the user of both processes'
  return new SharedMemoryError(
    'TIMED_OUT',
    `Waited ${Math.round(timeoutMs)} ms for shared memory "${name}" (${resolveName(name)}): ${why}, or allow more time with timeoutMs.`,
    { syscall: missing?.syscall, osCode: missing?.osCode, cause: missing },
  )
}

// POSIX programs create an object empty, and give it its length in a second step.
function isMissing(error: unknown): error is SharedMemoryError {
  if (!(error instanceof SharedMemoryError)) return false
  return error.code === 'NOT_FOUND' || (error.code === 'TOO_SHORT' && error.available === 0)
}
