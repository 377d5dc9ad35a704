import type { EndRequest } from '@memlane/demo-shared/end-request'
import type { FiguresOptions } from './command-line.js'

/**
 * Timers fire some milliseconds late, so late messages are sent at once, together. A process that was stopped for longer than this
 * limit sends only the messages of the last 100 ms.
 */
const MOST_BEHIND_MS = 100

/**
 * Sends at a steady rate until the end is requested or all is sent.
 *
 * @param send returns false if it could not send
 * @returns how often it has sent
 */
export async function atSteadyRate(
  { rate, count = Infinity }: FiguresOptions,
  end: EndRequest,
  send: () => boolean,
): Promise<number> {
  const intervalMs = 1000 / rate
  let sent = 0
  let due = performance.now() + intervalMs
  while (sent < count && !(await end.within(Math.max(0, due - performance.now())))) {
    const now = performance.now()
    due = Math.max(due, now - MOST_BEHIND_MS)
    for (; sent < count && due <= now; due += intervalMs) if (send()) sent++
  }
  return sent
}
