/** What a person looks at first; lengths, alignments and offsets only follow from it. */
const TELLING = ['kind', 'encoding', 'name', 'members', 'fields', 'layout']

/**
 * Tells where two descriptors first differ, for an error message: `: fields[1].layout.kind is "u32" there, "i32" here`. Empty
 * where that cannot be told.
 *
 * @param there JSON, from whomever
 * @param here JSON, one's own
 */
export function firstDifference(there: string, here: string): string {
  try {
    return compare(JSON.parse(there), JSON.parse(here), '') ?? ''
  } catch {
    return ''
  }
}

function compare(there: unknown, here: unknown, path: string): string | undefined {
  if (!isObject(there) || !isObject(here)) {
    return there === here ? undefined : `: ${path || 'it'} is ${brief(there)} there, ${brief(here)} here`
  }
  for (const key of new Set([...TELLING, ...Object.keys(here), ...Object.keys(there)])) {
    const inner = Array.isArray(here) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    const difference = compare(own(there, key), own(here, key), inner)
    if (difference !== undefined) return difference
  }
  return undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function own(value: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined
}

function brief(value: unknown): string {
  if (value === undefined) return 'missing'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
