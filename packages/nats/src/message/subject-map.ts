/** Subjects of NATS with places: `site1.{name}.{lane}` makes a subject, and `site1.*.>` takes one apart. */

const PLACE = /\{([a-z0-9]+)\}/g

/**
 * Fills the places of a template.
 *
 * @param values what each place stands for. In a subject, characters that NATS gives a meaning become `_`
 * @throws RangeError for a place without a value
 */
export function filled(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(PLACE, (place, key: string) => {
    const value = values[key]
    if (value === undefined) throw new RangeError(`"${template}" has ${place}, which has no meaning here`)
    return String(value)
  })
}

/** Turns a name of memory into one token of a subject. */
export function token(name: string): string {
  return name.replaceAll(/[\s.*>\\/]/g, '_')
}

/** The places that a template has. */
export function placesIn(template: string): readonly string[] {
  return [...template.matchAll(PLACE)].map(([, key]) => key as string)
}

/**
 * Makes the pattern of all subjects that a template makes. A wildcard stands alone between dots: `site-{name}.{lane}` gives `*.*`.
 *
 * @param values what some of the places stand for
 */
export function patternOf(template: string, values: Readonly<Record<string, string>> = {}): string {
  const isFixed = (part: string) => placesIn(part).every((place) => Object.hasOwn(values, place))
  return template
    .split('.')
    .map((part) => (isFixed(part) ? filled(part, values) : '*'))
    .join('.')
}

/** How many wildcards a pattern has. */
export function wildcardsIn(pattern: string): number {
  return pattern.split('.').filter((part) => part === '*' || part === '>').length
}

/**
 * Matches a subject against a pattern with `*` and `>`.
 *
 * @returns what each wildcard matched, from key `1` on; undefined if the subject does not match
 */
export function matched(pattern: string, subject: string): Record<string, string> | undefined {
  const tokens = subject.split('.')
  const parts = pattern.split('.')
  const values: Record<string, string> = {}
  let count = 0
  for (const [index, part] of parts.entries()) {
    if (part === '>' && index === parts.length - 1) {
      if (tokens.length <= index) return undefined
      values[++count] = tokens.slice(index).join('.')
      return values
    }
    const found = tokens[index]
    if (found === undefined) return undefined
    if (part === '*') values[++count] = found
    else if (part !== found) return undefined
  }
  return tokens.length === parts.length ? values : undefined
}
