import { setTimeout } from 'node:timers/promises'

/** Waits until a function tells something other than false and undefined. The time limit of the test ends it. */
export async function until<T>(look: () => T | Promise<T>): Promise<Exclude<T, false | undefined>> {
  for (;;) {
    const found = await look()
    if (found !== false && found !== undefined) return found as Exclude<T, false | undefined>
    await setTimeout(10)
  }
}
