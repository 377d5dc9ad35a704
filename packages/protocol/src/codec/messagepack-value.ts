import { describe, Mismatch } from '../layout/mismatch.js'
import { byteLengthOf, kindOfTypedArray } from '../memory/typed-array.js'
import { claimsAnotherLength, extensionOf, timeOf } from './messagepack-extensions.js'

/** The deepest nesting of arrays and objects. It stops values that contain themselves, and hostile bytes. */
export const MAX_DEPTH = 256

/** Facts about a value that decide how it is encoded. */
interface Found {
  hasNegativeZero: boolean
}

/**
 * Checks that MessagePack can carry a value exactly, before a library encodes it. Libraries change other values silently, and some
 * announce more bytes than they write.
 *
 * @throws TypeError naming the part that cannot be carried: `value.samples[3].when`
 */
export function checkMessagePackValue(value: unknown): Readonly<Found> {
  const found: Found = { hasNegativeZero: false }
  try {
    check(value, 0, found)
  } catch (error) {
    throw error instanceof Mismatch ? error.toError('value') : error
  }
  return found
}

function check(value: unknown, depth: number, found: Found): void {
  switch (typeof value) {
    case 'boolean':
      return
    case 'number':
      if (value === 0 && 1 / value < 0) found.hasNegativeZero = true
      return
    case 'string':
      checkText(value)
      return
    case 'bigint':
      if (value !== BigInt.asIntN(64, value) && value !== BigInt.asUintN(64, value))
        throw refused(value, 'it needs more than 64 bits')
      return
    case 'object':
      if (value !== null) checkObject(value, depth, found)
      return
    default:
      throw refused(value)
  }
}

function checkObject(value: object, depth: number, found: Found): void {
  const prototype: object | null = Object.getPrototypeOf(value)
  if (Array.isArray(value)) {
    if (prototype !== Array.prototype && heightOf(prototype) !== 2) throw refused(value)
    checkArray(value, depth, found)
  } else if (prototype === Object.prototype || isPlain(prototype)) {
    // `arguments`, `Math`, `JSON` and modules have a plain prototype, too, but they also have symbols.
    if (Object.getOwnPropertySymbols(value).length > 0) throw refused(value, 'it has symbols as keys')
    checkMap(value as Record<string, unknown>, depth, found)
  } else if (ArrayBuffer.isView(value)) {
    checkBytes(value, prototype)
  } else {
    const time = heightOf(prototype) === 2 ? timeOf(value) : undefined
    if (time === undefined) throw refused(value)
    if (Number.isNaN(time)) throw refused(value, 'it is invalid')
  }
}

function checkArray(value: readonly unknown[], depth: number, found: Found): void {
  if (depth === MAX_DEPTH) throw tooDeep()
  let index = 0
  try {
    for (; index < value.length; index++) check(value[index], depth + 1, found)
  } catch (error) {
    throw error instanceof Mismatch ? error.within(`[${index}]`) : error
  }
}

function checkMap(value: Readonly<Record<string, unknown>>, depth: number, found: Found): void {
  if (depth === MAX_DEPTH) throw tooDeep()
  let key = ''
  try {
    for (key of Object.keys(value)) {
      const inner = value[key]
      if (inner === undefined) continue
      if (key === '__proto__') throw refused(key, 'as a key, it would change a prototype')
      checkText(key)
      check(inner, depth + 1, found)
    }
  } catch (error) {
    throw error instanceof Mismatch ? error.within(stepTo(key)) : error
  }
}

/** Checks the kind, and that no property claims another length than the bytes have: see `claimsAnotherLength`. */
function checkBytes(value: ArrayBufferView, prototype: object | null): void {
  const kind = kindOfTypedArray(value)
  const isBytes = kind === 'Uint8Array'
  if (kind === undefined || (!isBytes && (extensionOf(kind) === undefined || heightOf(prototype) !== 3)))
    throw refused(value)
  if (isBytes && claimsAnotherLength(value as Uint8Array))
    throw refused(value, `it has ${byteLengthOf(value)} bytes but claims another length`)
}

function checkText(value: string): void {
  if (!value.isWellFormed()) throw refused(value, 'it contains half of a surrogate pair')
}

/** Tells whether objects with this prototype are plain objects, even if they come from another realm (a vm context). */
function isPlain(prototype: object | null): boolean {
  if (prototype === null) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf')
}

/**
 * Counts the prototypes of an object: 2 for arrays and Dates, 3 for typed arrays, more for subclasses of these. Unlike a
 * comparison of prototypes, this works across realms.
 */
function heightOf(prototype: object | null): number {
  let height = 0
  for (let each = prototype; each !== null && height < 5; each = Object.getPrototypeOf(each)) height++
  return height
}

const CARRIED = 'it carries null, booleans, numbers, bigints, strings, Dates, typed arrays, arrays and plain objects'

const refused = (value: unknown, reason = CARRIED) =>
  new Mismatch('type', `MessagePack cannot carry ${describe(value)}: ${reason}`)

const tooDeep = () =>
  new Mismatch('type', `it nests arrays and objects more than ${MAX_DEPTH} deep, or contains itself`)

/** Returns the step of a path that leads to a property: `.when`, or `["a b"]`. */
const stepTo = (key: string) =>
  /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
