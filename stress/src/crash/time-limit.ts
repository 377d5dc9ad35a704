/** A process that takes longer hangs. */
export const HUNG_MS = 20_000

/** @throws Error that names `what` if the promise takes longer than HUNG_MS */
export async function within<Result>(what: string, promise: Promise<Result>): Promise<Result> {
  let watchdog: NodeJS.Timeout | undefined
  const hung = new Promise<never>((_, reject) => {
    watchdog = setTimeout(() => reject(new Error(`hung: ${what} did not come within ${HUNG_MS} ms`)), HUNG_MS)
  })
  try {
    return await Promise.race([promise, hung])
  } finally {
    clearTimeout(watchdog)
  }
}
