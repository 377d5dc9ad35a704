import { type KeptViews, keptBytesOf } from '../memory/kept-views.js'
import type { Mismatch } from './mismatch.js'

/** Node's symbol for the method that `console.log` and `util.inspect` call. */
const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom')

/**
 * The base of every accessor: its data, its offset in the data, and the accessors nested in it.
 *
 * All of this is kept in own properties that do not show: they are not enumerable, and their names begin with NUL, which no
 * field's name does. Private fields or symbols would read better, but V8 finds those by a keyed load, which costs 6 to 17 ns
 * once five struct types share this code. Properties with such names cost nothing.
 *
 * A struct's fields are own properties, too, and enumerable: spreading, `JSON.stringify` and test runners find the values.
 * V8 inlines an own getter as it does one of the prototype; only making the accessor takes longer (docs/decisions/0012).
 *
 * Nothing can be added to an accessor: so assigning to a misspelt field is a TypeError in strict mode.
 */
export abstract class Accessor {
  declare readonly '\0data': DataView
  /** Bytes from the start of the data to the first byte of this accessor. */
  declare '\0offset': number
  /** The views of the data's bytes, once `bytesOf` has found them. */
  declare '\0bytes': KeptViews<Uint8Array> | undefined
  /** The accessors that move with this one: a struct's nested accessors; an array's elements by index, once made. */
  declare readonly '\0nested': (Accessor | undefined)[]
  declare readonly '\0parent': Accessor | undefined
  /** This accessor's part of the path in error messages: `.wheels`, `[2]`; the outermost one's is its name. */
  declare readonly '\0segment': string

  constructor(data: DataView, offset: number, parent: Accessor | undefined, segment: string) {
    Object.defineProperties(this, {
      '\0data': { value: data, configurable: true }, // for `end`
      '\0offset': { value: offset, writable: true },
      '\0nested': { value: [] },
      '\0bytes': { value: undefined, writable: true },
      '\0parent': { value: parent },
      '\0segment': { value: segment },
    })
  }

  /** Copies what this accessor shows now into a plain value. */
  abstract '\0plain'(): unknown

  /**
   * Makes every later use of this accessor, and of those nested in it, throw. Only this accessor changes its hidden class, so
   * V8's optimised code for other accessors remains valid.
   */
  '\0end'(makeError: () => Error): void {
    const get = () => {
      throw makeError()
    }
    Object.defineProperty(this, '\0data', { get })
    this['\0bytes'] = undefined
    for (const nested of this['\0nested']) nested?.['\0end'](makeError)
  }

  /** Shows the values in `console.log`, after the name of the struct if it has one. Never throws. */
  [INSPECT](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    const name = this['\0parent'] === undefined ? this['\0segment'] : ''
    let shown: string
    try {
      shown = inspect(this['\0plain'](), options)
    } catch (error) {
      shown = `[${error instanceof Error ? error.message : error}]`
    }
    return name === '' ? shown : `${name} ${shown}`
  }
}

/** Makes an accessor. Each declared layout has accessor classes of its own. */
export type AccessorClass = new (
  data: DataView,
  offset: number,
  parent: Accessor | undefined,
  segment: string,
) => Accessor

/** Returns the path of an accessor as error messages show it: `Car.wheels[2]`. */
export function pathOf(accessor: Accessor): string {
  const parent = accessor['\0parent']
  return parent === undefined ? accessor['\0segment'] : pathOf(parent) + accessor['\0segment']
}

/** Puts the path of an accessor before a message, if it has one: `Car.wheels: …`. */
export function withPath(accessor: Accessor, message: string): string {
  const path = pathOf(accessor)
  return path === '' ? message : `${path}: ${message}`
}

/** Returns the views of an accessor's data, for copying. */
export function bytesOf(accessor: Accessor): KeptViews<Uint8Array> {
  accessor['\0bytes'] ??= keptBytesOf(accessor['\0data'])
  return accessor['\0bytes']
}

/** Moves an accessor, and all that is nested in it, by `distance` bytes. */
export function moveBy(accessor: Accessor, distance: number): void {
  accessor['\0offset'] += distance
  const all = accessor['\0nested']
  for (let index = 0; index < all.length; index++) {
    const nested = all[index]
    if (nested !== undefined) moveBy(nested, distance)
  }
}

/** Makes the outermost accessor over bytes of `buffer`. Errors call it `name`, which may be empty. */
export function accessorOver(
  accessorClass: AccessorClass,
  buffer: ArrayBuffer,
  offset: number,
  length: number,
  name: string,
): Accessor {
  const data = new DataView(buffer)
  checkBounds(data.byteLength, offset, length, name)
  return new accessorClass(data, offset, undefined, name)
}

/** @throws RangeError if `length` bytes at `offset` do not lie inside a buffer of `bufferLength` bytes */
export function checkBounds(bufferLength: number, offset: number, length: number, name: string): void {
  if (Number.isInteger(offset) && offset >= 0 && offset <= bufferLength - length) return
  const subject = name === '' ? '' : `${name}: `
  throw new RangeError(`${subject}${length} bytes at offset ${offset} are not inside a buffer of ${bufferLength} bytes`)
}

/** The getter and setter of a field. */
export interface FieldProperty {
  readonly get: (this: Accessor) => unknown
  readonly set: (this: Accessor, value: never) => void
}

/** What a property of an accessor needs to know of its layout: see `Layout`. */
export interface FieldCoding {
  readonly check: (value: unknown) => Mismatch | undefined
  readonly read: (view: DataView, offset: number) => unknown
  readonly put: (view: DataView, offset: number, value: never) => void
  readonly peek?: ((view: DataView, offset: number) => unknown) | undefined
  readonly property?:
    | ((offset: number, refuse: (accessor: Accessor, value: unknown) => void) => FieldProperty)
    | undefined
}

/**
 * Makes the property of a field `offset` bytes from the start of its accessor. The functions are taken from the layout once,
 * into constants of the closures, so that the optimising compiler inlines them down to the DataView call.
 *
 * @param segment the field's part of the path in error messages: `.bid`
 * @param refusal the reason, if the field cannot be assigned: then assigning throws a TypeError, even in sloppy mode
 */
export function fieldProperty(
  segment: string,
  offset: number,
  { check, read, put, peek = read, property }: FieldCoding,
  refusal: string | undefined,
): PropertyDescriptor {
  const refuse = (accessor: Accessor, value: unknown) => {
    const mismatch = check(value)
    if (mismatch !== undefined) throw mismatch.within(segment).toError(pathOf(accessor))
  }
  const { get, set } = property?.(offset, refuse) ?? {
    get(this: Accessor) {
      return peek(this['\0data'], this['\0offset'] + offset)
    },
    set(this: Accessor, value: never) {
      const mismatch = check(value)
      if (mismatch !== undefined) throw mismatch.within(segment).toError(pathOf(this))
      put(this['\0data'], this['\0offset'] + offset, value)
    },
  }
  if (refusal === undefined) return { enumerable: true, get, set }
  return {
    enumerable: true,
    get,
    set(this: Accessor) {
      const path = pathOf(this) + segment
      throw new TypeError(path === '' ? refusal : `${path}: ${refusal}`)
    },
  }
}

/** Why a reader's accessor refuses an assignment. */
export const READ_ONLY = 'this view is read-only'

/**
 * Nests an accessor in another one, as the property `name`: an own property that never changes, so that the optimising
 * compiler knows the class of what it finds there. Therefore it cannot be assigned.
 */
export function defineNested(target: Accessor, name: string, offset: number, accessorClass: AccessorClass): void {
  const nested = new accessorClass(target['\0data'], target['\0offset'] + offset, target, `.${name}`)
  target['\0nested'].push(nested)
  Object.defineProperty(target, name, { value: nested, enumerable: true })
}
