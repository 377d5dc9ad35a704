import { closestMatch } from 'leven'

/** Checks one option: throws a TypeError or a RangeError that names it. Never called with `undefined`. */
export type OptionCheck = (option: string, value: unknown) => void

/** The options that a function knows, each with its check. */
export type OptionChecks<Options> = { readonly [Option in keyof Required<Options>]: OptionCheck }

/**
 * Checks an options object. Allocates nothing if all is well. Options that are `undefined` count as absent.
 *
 * @param api the function that takes the options, for the message
 * @throws TypeError if `options` is not an object, if it has an option that `checks` does not have (the message suggests the
 * most similar one), or if an option has the wrong type
 * @throws RangeError if an option is out of its range
 */
export function checkOptions<Options>(api: string, options: unknown, checks: OptionChecks<Options>): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`the options of ${api} must be an object, not ${describeValue(options)}`)
  }
  for (const option in options) {
    const value = (options as Record<string, unknown>)[option]
    if (!Object.hasOwn(checks, option)) throw unknownOption(api, option, Object.keys(checks))
    if (value !== undefined) (checks as Record<string, OptionCheck>)[option]?.(option, value)
  }
}

export function checkBoolean(option: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new TypeError(`${option} must be true or false, not ${describeValue(value)}`)
}

export function checkText(option: string, value: unknown): void {
  if (typeof value !== 'string') throw new TypeError(`${option} must be a string, not ${describeValue(value)}`)
}

export function checkObject(option: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`${option} must be an object, not ${describeValue(value)}`)
  }
}

export function checkFunction(option: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`${option} must be a function, not ${describeValue(value)}`)
}

export function checkSignal(option: string, value: unknown): void {
  const is =
    typeof value === 'object' &&
    value !== null &&
    'aborted' in value &&
    'throwIfAborted' in value &&
    'addEventListener' in value &&
    'removeEventListener' in value
  if (!is) throw new TypeError(`${option} must be an AbortSignal, not ${describeValue(value)}`)
}

/** Makes the check for an option that must be one of these strings. */
export function checkOneOf(...choices: readonly string[]): OptionCheck {
  const listed = choices.map((choice) => JSON.stringify(choice))
  const wanted = [listed.slice(0, -1).join(', '), listed.at(-1)].filter(Boolean).join(' or ')
  return (option, value) => {
    if (!choices.includes(value as string)) {
      throw new TypeError(`${option} must be ${wanted}, not ${describeValue(value)}`)
    }
  }
}

/** Makes the check for an option that must be a whole number from `least` to `most`. The message names the `unit`. */
export function checkWholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER, unit = ''): OptionCheck {
  const wanted = `a whole number${unit && ` of ${unit}`} from ${least} to ${most}`
  return (option, value) => {
    if (typeof value !== 'number') throw new TypeError(`${option} must be ${wanted}, not ${describeValue(value)}`)
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new RangeError(`${option} ${value} is not ${wanted}`)
    }
  }
}

export const MAX_TIMEOUT_MS = 2 ** 31 - 1 // longer ones overflow Node's timers

/** Milliseconds, from 0 to 2^31 - 1, or Infinity. */
export function checkTimeout(option: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0 && (value <= MAX_TIMEOUT_MS || value === Infinity)) return
  const wanted = `a number of milliseconds from 0 to ${MAX_TIMEOUT_MS}, or Infinity`
  if (typeof value !== 'number') throw new TypeError(`${option} must be ${wanted}, not ${describeValue(value)}`)
  throw new RangeError(`${option} ${value} is not ${wanted}`)
}

/** Describes a wrong value for a message: `"0600"` or `5`, not only its type. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value === undefined) return 'undefined'
  if (typeof value === 'bigint') return `${value}n`
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function unknownOption(api: string, option: string, known: readonly string[]): TypeError {
  const byLowerCase = new Map(known.map((name) => [name.toLowerCase(), name]))
  const maxDistance = Math.max(2, Math.floor(option.length / 2))
  const nearest = closestMatch(option.toLowerCase(), [...byLowerCase.keys()], { maxDistance })
  const hint = nearest === undefined ? `It has ${known.join(', ')}.` : `Did you mean "${byLowerCase.get(nearest)}"?`
  return new TypeError(`${api} has no option "${option}". ${hint}`)
}
