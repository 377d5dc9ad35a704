import { closestMatch } from 'leven'

/**
 * Finds the name that a misspelt one may stand for.
 *
 * @returns `undefined` if no name is close: at most a third of its letters may differ
 */
export function nearestName(wrong: string, names: Iterable<string>): string | undefined {
  const byLowerCase = new Map([...names].map((name) => [name.toLowerCase(), name]))
  const maxDistance = Math.ceil(wrong.length / 3)
  const nearest = closestMatch(wrong.toLowerCase(), [...byLowerCase.keys()], { maxDistance })
  return nearest === undefined ? undefined : byLowerCase.get(nearest)
}
