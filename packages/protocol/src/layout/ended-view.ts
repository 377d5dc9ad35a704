/**
 * Views that are no longer valid, and say so. Nothing here runs while a view is in use: ending one gives it alone a property that
 * throws in place of its data (`Accessor`).
 */

import { Accessor } from './accessor.js'

/** Says why a view that was kept for too long throws: only with `MEMLANE_DEBUG=views`. */
export const KEPT =
  'this view was used after it had become invalid. A view of a message is valid until the handler returns that it was passed to, ' +
  'or until commit() or abort(); a view of a region until the callback of update() returns. Copy what you keep'

/**
 * Tells whether the environment variable `MEMLANE_DEBUG` lists `views`: then a view that outlives its callback throws when it is
 * used. Without that, such a view shows other bytes, as views are moved from message to message. Ask it when a view is made for
 * long use, not for each message: it costs a microsecond.
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
