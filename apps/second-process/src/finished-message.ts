import { setTimeout } from 'node:timers/promises'

const LOOK_INTERVAL_MS = 10

/**
 * Reads the message. Before the deadline (of `performance.now()`), a first process that has just appeared is given time
 * to write one: until two looks in a row find the same text, or the deadline has passed.
 */
export async function finishedMessage(region: { read(): string }, deadline: number): Promise<string> {
  let message = region.read()
  while (performance.now() < deadline) {
    await setTimeout(LOOK_INTERVAL_MS)
    const earlier = message
    message = region.read()
    if (message !== '' && message === earlier) break
  }
  return message
}
