/** Numbers as people read them: three digits and a unit. */

const STEPS = ['', ' K', ' M', ' G', ' T']

/** Shortens a number: `28.4 M`. */
export function shortNumber(value: number): string {
  let step = 0
  let rest = value
  while (rest >= 999.5 && step < STEPS.length - 1) {
    rest /= 1000
    step++
  }
  const rounded = rest >= 100 ? Math.round(rest) : Number(rest.toPrecision(3))
  return `${rounded}${STEPS[step]}`
}

/** Shortens a number of bytes: `1.05 MB`. */
export function shortBytes(value: number): string {
  const short = shortNumber(value)
  return short.includes(' ') ? `${short}B` : `${short} B`
}

/** Shortens a time in milliseconds: `12 ms`, `3.4 s`, `2 h 5 min`. */
export function shortTime(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return `${minutes} min ${Math.floor(ms / 1000) % 60} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}
