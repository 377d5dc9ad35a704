import { setTimeout } from 'node:timers/promises'

/** Waits until a figure stays the same for a while. */
export async function untilStill(figure: () => number): Promise<void> {
  for (let last = -1; last !== figure(); ) {
    last = figure()
    await setTimeout(150)
  }
}
