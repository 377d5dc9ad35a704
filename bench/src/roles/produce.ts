import { performance } from 'node:perf_hooks'
import type { RoleReport, Trial } from '../trial.js'
import { BEGIN, END } from './content.js'
import { watchGarbage } from './garbage.js'
import { Stopwatch } from './stopwatch.js'

/** Returns the number of messages to send between two reads of the clock. */
function messagesPerBurst(payload: number): number {
  if (payload >= 65_536) return 16
  return payload >= 1024 ? 64 : 1024
}

/**
 * Sends numbered messages: some for the warm-up, BEGIN, the measured ones, END.
 *
 * @param send sends `count` messages, numbered from `first` on; its promise is awaited
 * @param flush sends messages that were kept
 */
export async function produce(
  trial: Trial,
  send: (first: number, count: number) => Promise<void> | undefined,
  flush: () => Promise<void> | undefined = () => undefined,
): Promise<RoleReport> {
  const burst = messagesPerBurst(trial.payload)
  let next = 0
  const sendNext = (count: number) => {
    const first = next
    next += count
    return send(first, count)
  }
  const warm = performance.now() + trial.warmUpSeconds * 1000
  while (performance.now() < warm) {
    const room = sendNext(burst)
    if (room !== undefined) await room
  }
  const first = next
  await send(BEGIN, 1)
  await flush()
  const garbageSince = trial.workload === 'allocation' ? await watchGarbage() : undefined
  const stopwatch = new Stopwatch()
  const end = trial.messages > 0 ? Infinity : performance.now() + trial.seconds * 1000
  const last = trial.messages > 0 ? first + trial.messages : Infinity
  while (next < last && performance.now() < end) {
    const room = sendNext(Math.min(burst, last - next))
    if (room !== undefined) await room
  }
  const report = stopwatch.stop(next - first)
  const garbage = await garbageSince?.()
  await send(END, 1)
  await flush()
  return { ...report, ...(garbage && { garbage }) }
}
