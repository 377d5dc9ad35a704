import { steadyNow } from '@memlane/core/internal'

const INTERVAL_MS = 1000

/** Makes a log that writes one line a second at most: there may be very many messages that are refused. */
export function refusalLog(log: (text: string) => void): (text: string) => void {
  let last = -Infinity
  return (text) => {
    const time = steadyNow()
    if (time - last < INTERVAL_MS) return
    last = time
    log(text)
  }
}
