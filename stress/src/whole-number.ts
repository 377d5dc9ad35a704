import { InvalidArgumentError } from 'commander'

/** Parses an option that is a whole number, from the least one on. */
export const wholeNumberFrom = (least: number) => (text: string) => {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least) return value
  throw new InvalidArgumentError(`a whole number from ${least} on is needed`)
}
