import { clearTimeout, setTimeout } from '@memlane/core/internal'

/** Waits until a promise is settled, or until the time has passed. Rejects if the promise has rejected by then. */
export async function within(promise: Promise<unknown>, timeoutMs: number): Promise<void> {
  if (timeoutMs === Infinity) {
    await promise
    return
  }
  let timer: NodeJS.Timeout | undefined
  const passed = new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs)
  })
  try {
    await Promise.race([promise, passed])
  } finally {
    clearTimeout(timer)
  }
}
