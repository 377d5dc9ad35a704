import type { Layout } from './layout.js'
import { describe, Mismatch } from './mismatch.js'
import { valueLayout } from './value-layout.js'

/**
 * Creates the layout of a C enumeration: names in TypeScript, numbers in memory. A number without a name reads as the number,
 * because a newer peer may know more names; writing such a number is refused. If two names share a number, the number reads as the
 * first name.
 *
 * @param base the integer in memory: `i32` for a plain C `enum`
 * @param names each name with its number
 * @throws TypeError without names; RangeError for a number that `base` cannot hold
 */
export function enumeration<const Names extends Readonly<Record<string, number>>>(
  base: Layout<number>,
  names: Names,
): Layout<(keyof Names & string) | number> {
  const numberOf = new Map<unknown, number>(Object.entries(names))
  const nameOf = new Map<number, string>()
  if (numberOf.size === 0) throw new TypeError('an enumeration needs at least one name')
  for (const [name, number] of Object.entries(names)) {
    const mismatch = base.check(number)
    if (mismatch !== undefined) throw mismatch.toError(name)
    if (!nameOf.has(number)) nameOf.set(number, name)
  }
  const { length, alignment, descriptor, read, put } = base
  return valueLayout(
    { kind: 'enumeration', base: descriptor, names: { ...names }, length, alignment },
    {
      check(value) {
        if (typeof value === 'string' ? numberOf.has(value) : nameOf.has(value as number)) return undefined
        const kind = typeof value === 'string' || typeof value === 'number' ? 'range' : 'type'
        return new Mismatch(kind, `${describe(value)} is not one of ${[...numberOf.keys()].join(', ')}`)
      },
      read(view, offset) {
        const number = read(view, offset)
        return nameOf.get(number) ?? number
      },
      put: (view, offset, value) => put(view, offset, typeof value === 'string' ? (numberOf.get(value) ?? 0) : value),
    },
  )
}
