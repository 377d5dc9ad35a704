import { clearInterval, setInterval } from '@memlane/core/internal'

/** Resolves when the signal aborts. Keeps the process running until then. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const kept = setInterval(() => {}, 2 ** 30)
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  clearInterval(kept)
}
