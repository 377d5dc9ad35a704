import { InvalidArgumentError } from 'commander'

const LONGEST_SECONDS = 2_000_000

/** Makes a parser for an option that is a whole number. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^\d+$/.test(text) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

/** Parses an option in seconds, such as `0.5`. Returns whole milliseconds. */
export function seconds(text: string): number {
  const number = Number(text)
  if (/^\d+(\.\d+)?$/.test(text) && number <= LONGEST_SECONDS) return Math.round(number * 1000)
  throw new InvalidArgumentError(`It must be seconds, such as 5 or 0.5, at most ${LONGEST_SECONDS}.`)
}

/** Parses seconds that must not be 0. Returns whole milliseconds. */
export function duration(text: string): number {
  const ms = seconds(text)
  if (ms > 0) return ms
  throw new InvalidArgumentError('It must be at least 0.001 seconds.')
}
