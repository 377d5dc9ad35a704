import { Mismatch } from './mismatch.js'
import { nearestName } from './nearest-name.js'

const LISTED = 12

/**
 * Tells whether a value has more enumerable fields than `count`, those of its prototypes included. Takes about 6 ns for
 * six fields, if V8 knows the shape of the object; looking up each name would take 30 ns.
 */
export function hasMoreFields(value: object, count: number): boolean {
  let found = 0
  for (const _name in value) found++
  return found > count
}

/** Finds a field of a value that is not one of `known`. Fields of the value's prototypes do not count. */
export function unknownField(value: object, known: readonly string[], what = 'field'): Mismatch | undefined {
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  if (unknown === undefined) return undefined
  const nearest = nearestName(unknown, known)
  const list = `${known.slice(0, LISTED).join(', ')}${known.length > LISTED ? ', …' : ''}`
  const advice = nearest === undefined ? `the ${what}s are ${list}` : `did you mean ${nearest}?`
  return new Mismatch('type', `unknown ${what}; ${advice}`).within(`.${unknown}`)
}
