import { InvalidArgumentError } from 'commander'

/** Parses an option that is a whole number, at least `least`. */
export const wholeNumberFrom = (least: number) => (text: string) => {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least) return value
  throw new InvalidArgumentError(`must be a whole number of at least ${least}`)
}
