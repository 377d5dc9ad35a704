import { clearTimeout, setTimeout } from '@memlane/core/internal'

/** Waits until a promise settles, but no longer than some milliseconds. Swallows no error. */
export async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}
