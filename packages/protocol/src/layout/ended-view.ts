/**
 * Views that are no longer valid, and throw when they are used. Nothing here runs while a view is valid: ending a view replaces the
 * data of that view alone by a property that throws (`Accessor`).
 */

import { Accessor } from './accessor.js'

/** The message of the error for a view that was kept for too long. Only with `MEMLANE_DEBUG=views`. */
export const KEPT =
  'this view was used after it had become invalid. A view of a message is valid until the handler that got it returns, ' +
  'or until commit() or abort(). A view of a region is valid until the callback of update() returns. Copy the data to keep it'

/**
 * Tells whether the environment variable `MEMLANE_DEBUG` lists `views`: then a view that outlives its callback throws when it is
 * used. Without it, such a view shows other bytes, because views move from message to message. Call this function when a reader or
 * writer is made, not for each message: a call takes a microsecond.
 */
export function debugsViews(): boolean {
  const { process } = globalThis as { process?: { env?: Readonly<Record<string, string | undefined>> } }
  return process?.env?.MEMLANE_DEBUG?.split(',').includes('views') ?? false
}

/** Makes every later use of a view, and of what is nested in it, throw a TypeError. Does nothing to plain values. */
export function endView(view: unknown, reason: string | (() => Error)): void {
  if (!(view instanceof Accessor)) return
  const makeError = typeof reason === 'string' ? () => new TypeError(reason) : reason
  view['\0end'](makeError)
}
