import { steadyNow } from '@memlane/core/internal'

/** Turns a time of the machine's steady clock into milliseconds since 1970. Exact to about a millisecond. */
export function wallTime(steady: number): number {
  return Date.now() - (steadyNow() - steady)
}
