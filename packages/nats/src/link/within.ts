import { clearTimeout, setTimeout } from '@memlane/core/internal'

/** Waits until a promise settles, but no longer than some milliseconds. Swallows no error. Returns false if the time is over. */
export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  return await Promise.race([promise.then(() => true), late]).finally(() => clearTimeout(timer))
}
