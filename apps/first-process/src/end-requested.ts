import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'

/**
 * Waits until the process shall end: a key on a terminal, a byte or the end of standard input that is none, SIGINT,
 * SIGTERM or SIGHUP (the terminal was closed), or, when `holdMs` is given, that many milliseconds in place of the key.
 */
export async function endRequested(holdMs: number | undefined): Promise<void> {
  const over = new AbortController()
  const waiting = [
    once(process, 'SIGINT', over),
    once(process, 'SIGTERM', over),
    once(process, 'SIGHUP', over),
    holdMs === undefined ? keyPressed(over.signal) : setTimeout(holdMs, undefined, over),
  ]
  try {
    await Promise.race(waiting)
  } finally {
    over.abort()
    await Promise.allSettled(waiting)
  }
}

/** A terminal is made to hand over single keys instead of lines, and made as it was afterwards. */
async function keyPressed(signal: AbortSignal): Promise<void> {
  const input = process.stdin
  if (input.isTTY) input.setRawMode(true)
  try {
    input.resume()
    await Promise.race([once(input, 'data', { signal }), once(input, 'end', { signal })])
  } catch {
    // the waiting is over, or the input cannot be read: that is its end
  } finally {
    if (input.isTTY) input.setRawMode(false)
    input.pause()
    input.unref?.()
  }
}
