/** Longer paths come from values that contain themselves; errors show the beginning. */
const MAX_PATH_LENGTH = 100

/**
 * Tells why a value does not fit its layout, and where inside the value. It is made only if something is wrong. A value is
 * checked before it is written, so a refused value leaves the memory unchanged.
 */
export class Mismatch {
  readonly kind: 'type' | 'range'
  readonly reason: string
  #path = ''

  constructor(kind: 'type' | 'range', reason: string) {
    this.kind = kind
    this.reason = reason
  }

  /** Adds one step to the front of the path, from the inside out: `.pressure`, then `[2]`, then `.wheels`. */
  within(segment: string): this {
    this.#path = segment + this.#path
    return this
  }

  /** Makes the error to throw. The path begins with `root`, which may be empty. */
  toError(root: string): TypeError | RangeError {
    const whole = root === '' && this.#path.startsWith('.') ? this.#path.slice(1) : root + this.#path
    const path = whole.length > MAX_PATH_LENGTH ? `${whole.slice(0, MAX_PATH_LENGTH)}…` : whole
    const message = path === '' ? this.reason : `${path}: ${this.reason}`
    return this.kind === 'type' ? new TypeError(message) : new RangeError(message)
  }
}

/** Says that `value` is of another type than `expected`. */
export function typeMismatch(expected: string, value: unknown): Mismatch {
  return new Mismatch('type', `expected ${expected}, got ${describe(value)}`)
}

/** Describes a value for an error message, in a few words even if the value is large. */
export function describe(value: unknown): string {
  if (typeof value === 'string')
    return `the string ${JSON.stringify(value.length > 32 ? `${value.slice(0, 32)}…` : value)}`
  if (typeof value === 'bigint') return `the bigint ${value}n`
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object' && value !== null) return `an object (${value.constructor?.name ?? 'no prototype'})`
  return String(value)
}
