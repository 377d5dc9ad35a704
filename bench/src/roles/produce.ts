import { performance } from 'node:perf_hooks'
import type { RoleReport, Trial } from '../trial.js'
import { BEGIN, END } from './content.js'
import { Stopwatch } from './stopwatch.js'

/** The clock is read once in so many messages, about every 64 KiB. A power of two. */
function messagesPerLook(payload: number): number {
  if (payload >= 65_536) return 1
  return payload >= 1024 ? 64 : 1024
}

/**
 * Sends numbered messages: some to warm up, BEGIN, those that are measured, END.
 *
 * @param send sends message number `sequence`; a promise is waited for
 * @param flush sends what was held back
 */
export async function produce(
  trial: Trial,
  send: (sequence: number) => Promise<void> | undefined,
  flush: () => Promise<void> | undefined,
): Promise<RoleReport> {
  const lookMask = messagesPerLook(trial.payload) - 1
  let sequence = 0
  const warm = performance.now() + trial.warmUpSeconds * 1000
  while ((sequence & lookMask) !== 0 || performance.now() < warm) {
    const room = send(sequence++)
    if (room !== undefined) await room
  }
  const first = sequence
  await send(BEGIN)
  const stopwatch = new Stopwatch()
  if (trial.messages > 0) {
    while (sequence - first < trial.messages) {
      const room = send(sequence++)
      if (room !== undefined) await room
    }
  } else {
    const end = performance.now() + trial.seconds * 1000
    while ((sequence & lookMask) !== 0 || performance.now() < end) {
      const room = send(sequence++)
      if (room !== undefined) await room
    }
  }
  const report = stopwatch.stop(sequence - first)
  await send(END)
  await flush()
  return report
}
