import { setTimeout } from 'node:timers/promises'

const LOOK_INTERVAL_MS = 10

/**
 * Reads the message. A first process that has just appeared may not have written it yet. So this function reads again until two
 * reads in a row return the same text that is not empty, or until the deadline (a time of `performance.now()`) has passed.
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
