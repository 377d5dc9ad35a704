/**
 * Consistent copies of structs that carry their own version words: the writing side and the reading side, which mirror each other.
 *
 *               writer                            reader
 *   pair        begin + 1; bytes; end := begin    end; copy; begin: equal
 *   sequence    + 1 (odd); bytes; + 1 (even)      even; copy; unchanged
 *   counter     bytes; + 1                        counter; copy; unchanged; compare; unchanged
 *
 * There is one writer at a time. It may die at any point: then its readers get `undefined` instead of hanging, and the first update
 * of the next writer makes the version whole again. (A counter does not show such a death.)
 */

import { loadOwn, storeAfterWrites, storeBeforeWrites, wordsOf } from '../memory/atomics.js'
import { copyUnchanged, type VersionWords } from '../memory/copy-unchanged.js'
import { accessorOver, checkBounds } from './accessor.js'
import { debugsViews, endView, KEPT } from './ended-view.js'
import type { AnyLayout, Consistency } from './layout.js'
import { typeMismatch } from './mismatch.js'
import type { AnyStructLayout, StructLayout } from './struct.js'
import { unknownField } from './unknown-field.js'
import type { UpdateView } from './view.js'

/** A struct that declares `consistency`. */
export interface VersionedLayout extends AnyStructLayout {
  readonly consistency: Consistency<string>
}

/** An object whose layout has version words. A region of this type has `update` or `snapshot`. */
export interface HasVersionWords {
  readonly layout: { readonly consistency: Consistency<string> }
}

/** The value that a writer passes for a struct: its plain value. The version words may be left out, and are ignored. */
export type SnapshotValue<T, Version extends string> = [Version] extends [never]
  ? T
  : Omit<T, Version> & Partial<Pick<T, Version & keyof T>> extends infer O
    ? { [Name in keyof O]: O[Name] }
    : never

/**
 * Reads a struct as it was at one moment: copies its bytes, checks by the version words that no update came between, and only
 * then decodes. Needs no write access. Never blocks: it makes a limited number of attempts, without a pause.
 *
 * With a `counter`, the value can be torn in rare cases: see `Consistency`. With a `sequence` or a pair, it cannot.
 *
 * @param offset bytes from the start of `buffer`, a multiple of 4; 0 by default
 * @param maxAttempts 1000 by default: tens of microseconds for a small struct
 * @returns the value, or `undefined` if no attempt got a consistent copy: the writer is too busy, or died during an update
 * @throws TypeError for a struct declared without `consistency`; RangeError if it does not lie inside the buffer
 */
export function readSnapshot<T, Version extends string>(
  layout: StructLayout<T, Version>,
  buffer: ArrayBuffer,
  offset = 0,
  maxAttempts?: number,
): T | undefined {
  const version = versionWordsOf(layout, buffer, offset)
  const copy = scratchOf(layout)
  const memory = new Uint8Array(buffer, offset, layout.length)
  return copyUnchanged(version, memory, copy, maxAttempts) ? layout.read(new DataView(copy.buffer), 0) : undefined
}

/**
 * Writes a whole struct as one update. Checks the value first: if any part does not fit, nothing is written. Advances the
 * version words itself, and ignores version words in the value. Only one writer at a time.
 *
 * @param offset bytes from the start of `buffer`, a multiple of 4
 * @throws TypeError for a struct declared without `consistency`, or while an update of the same struct is running; TypeError or
 *   RangeError for a value that does not fit; RangeError if the struct does not lie inside the buffer
 */
export function writeSnapshot<T, Version extends string>(
  layout: StructLayout<T, Version>,
  buffer: ArrayBuffer,
  offset: number,
  value: SnapshotValue<T, Version>,
): void {
  const version = versionWordsOf(layout, buffer, offset)
  const given = takeContent(layout, value)
  const data = new DataView(buffer)
  update(layout.name, version, () => {
    for (const [name, field] of contentOf(layout)) field.layout.put(data, offset + field.offset, given[name])
  })
}

/**
 * Changes some fields of a struct as one update: `change` gets an accessor of the memory itself, and readers see all of its changes
 * or none. If `change` throws, its changes so far stay, and the update ends. Only one writer at a time.
 *
 * @param offset bytes from the start of `buffer`, a multiple of 4
 * @param change runs at once; readers get no snapshot until it returns. Its accessor refuses to assign the version words, and is
 *   valid until `change` returns
 * @throws TypeError for a struct declared without `consistency`, while an update of the same struct is running, or if `change`
 *   returns a promise; RangeError if the struct does not lie inside the buffer
 */
export function updateSnapshot<T, Version extends string>(
  layout: StructLayout<T, Version>,
  buffer: ArrayBuffer,
  offset: number,
  change: (view: UpdateView<T, Version>) => void,
): void {
  const view = accessorOver(layout.updatingAccessorClass, buffer, offset, layout.length, layout.name)
  try {
    updateThrough(view as unknown as UpdateView<T, Version>, layout, buffer, offset, change)
  } finally {
    if (debugsViews()) endView(view, KEPT)
  }
}

/** Same as `updateSnapshot`, with an existing accessor of `updatingAccessorClass`. */
export function updateThrough<T, Version extends string>(
  view: UpdateView<T, Version>,
  layout: StructLayout<T, Version>,
  buffer: ArrayBuffer,
  offset: number,
  change: (view: UpdateView<T, Version>) => void,
): void {
  update(layout.name, versionWordsOf(layout, buffer, offset), () => {
    const result: unknown = change(view)
    if (result instanceof Promise) throw new TypeError('change must make its changes at once, not in a promise')
  })
}

/**
 * Checks that a value can be written to a layout, with or without its version words. Allocates only if it cannot.
 *
 * @throws TypeError or RangeError naming the part that does not fit
 */
export function checkValue(layout: AnyLayout, value: unknown): void {
  if (isVersioned(layout)) {
    takeContent(layout, value)
    return
  }
  const mismatch = layout.check(value)
  if (mismatch !== undefined) throw mismatch.toError('name' in layout ? String(layout.name) : '')
}

/** Reads each field of a value once, and checks it: a getter may give something else each time. */
function takeContent(layout: Versioned, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw typeMismatch('an object', value).toError(layout.name)
  const unknown = unknownField(value, Object.keys(layout.fields))
  if (unknown !== undefined) throw unknown.toError(layout.name)
  const taken: Record<string, unknown> = {}
  for (const [name, field] of contentOf(layout)) {
    taken[name] = (value as Readonly<Record<string, unknown>>)[name]
    const mismatch = field.layout.check(taken[name])
    if (mismatch !== undefined) throw mismatch.within(`.${name}`).toError(layout.name)
  }
  return taken
}

/** The fields that are not version words. */
function contentOf(layout: Versioned): [string, { offset: number; layout: AnyLayout }][] {
  const versionNames = Object.values(layout.consistency ?? {})
  return Object.entries(layout.fields).filter(([name]) => !versionNames.includes(name))
}

/** The properties of a struct layout that say where its version words are, without the types that differ between structs. */
interface Versioned {
  readonly name: string
  readonly length: number
  readonly fields: Readonly<Record<string, { readonly offset: number; readonly layout: AnyLayout }>>
  readonly consistency: Readonly<Record<string, string>> | undefined
}

/** Finds the version words of a struct. Throws as the functions above. */
export function versionWordsOf(layout: Versioned, buffer: ArrayBuffer, offset: number): VersionWords {
  const { name, length, fields, consistency } = layout
  if (consistency === undefined) throw new TypeError(`struct ${name} has no version words: declare its consistency`)
  checkBounds(buffer.byteLength, offset, length, name)
  if (offset % 4 !== 0) throw new RangeError(`${name}: offset ${offset} is not a multiple of 4, as version words need`)
  const indexOf = (word: string | undefined) => (offset + (fields[word as string]?.offset ?? 0)) / 4
  const words = wordsOf(buffer)
  if ('begin' in consistency) {
    return { kind: 'pair', words, begin: indexOf(consistency.begin), end: indexOf(consistency.end) }
  }
  const kind = 'sequence' in consistency ? 'sequence' : 'counter'
  const index = indexOf(consistency[kind])
  return { kind, words, begin: index, end: index }
}

/** The updates that are running, the innermost first. Each is inside the callback of the next. */
interface RunningUpdate {
  readonly version: VersionWords
  readonly outer: RunningUpdate | undefined
}
let innermost: RunningUpdate | undefined

/** Runs `write` as one update. If a predecessor died inside an update, the words are unequal or odd; counting continues there. */
function update(name: string, version: VersionWords, write: () => void): void {
  checkNotRunning(name, version)
  const { kind, words, begin, end } = version
  const before = loadOwn(words, begin)
  const inside = kind === 'sequence' ? (before + 1) | 1 : (before + 1) | 0
  if (kind !== 'counter') storeBeforeWrites(words, begin, inside)
  const outer = innermost
  innermost = { version, outer }
  try {
    write()
  } finally {
    innermost = outer
    storeAfterWrites(words, end, kind === 'sequence' ? (inside + 1) | 0 : inside)
  }
}

/** An update inside another one of the same words would leave the version words different, or end the outer one too early. */
function checkNotRunning(name: string, { words, begin }: VersionWords): void {
  for (let running = innermost; running !== undefined; running = running.outer) {
    if (running.version.words.buffer === words.buffer && running.version.begin === begin)
      throw new TypeError(`${name}: an update is running; call neither write() nor update() inside update()`)
  }
}

/** Private memory to copy into, one for each layout. A snapshot is decoded before other code can use the memory again. */
const scratches = new WeakMap<object, Uint8Array<ArrayBuffer>>()

function scratchOf(layout: { readonly length: number }): Uint8Array<ArrayBuffer> {
  let scratch = scratches.get(layout)
  if (scratch === undefined) {
    scratch = new Uint8Array(layout.length)
    scratches.set(layout, scratch)
  }
  return scratch
}

/** Tells whether a layout is a struct with version words: one that the functions above take. */
export function isVersioned(layout: AnyLayout): layout is VersionedLayout {
  return 'consistency' in layout && layout.consistency !== undefined
}
