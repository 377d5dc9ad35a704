/**
 * Consistent copies of structs that carry their own version, and the writing side of the same: mirrors.
 *
 *               writer                            reader
 *   pair        begin + 1; bytes; end := begin    end; copy; begin: equal
 *   sequence    + 1 (odd); bytes; + 1 (even)      even; copy; unchanged
 *   counter     bytes; + 1                        counter; copy; unchanged; compare; unchanged
 *
 * There is one writer at a time. It may die anywhere: its readers then get `undefined`, not a hang, and the first update
 * of the writer that takes over makes the version whole again. (A counter does not show such a death.)
 */

import {
  loadAfterCopy,
  loadBeforeCopy,
  loadOwn,
  storeAfterWrites,
  storeBeforeWrites,
  wordsOf,
} from '../memory/atomics.js'
import { checkBounds } from './accessor.js'
import type { AnyLayout } from './layout.js'
import type { Fields, StructLayout, StructValue, StructView } from './struct.js'

/** A value for `writeSnapshot`, which counts the version words itself. */
export type SnapshotValue<F extends Fields, Version extends string> = Omit<StructValue<F>, Version> &
  Partial<Pick<StructValue<F>, Version & keyof F>>

/** Attempts of a reader before it gives up; for a small struct some tens of microseconds. */
const MAX_ATTEMPTS = 1000

/**
 * Reads a struct as it was at one moment: copies its bytes, checks by the version words that no update came between, and
 * only then decodes. Needs no write access. Never blocks: it tries a bounded number of times, without a pause.
 *
 * A `counter` alone cannot show a writer that is inside; therefore the copy is also compared with the memory, which shows
 * most writers at work, but not all: such a value may, seldom, be torn. A `sequence` or a pair has no such gap.
 *
 * @param offset bytes from the start of `buffer`, a multiple of 4
 * @param maxAttempts 1000 by default
 * @returns the value, or `undefined` when no attempt got a consistent copy: the writer is too busy, or died inside
 * @throws TypeError for a struct declared without `consistency`; RangeError when it does not lie inside the buffer
 */
export function readSnapshot<F extends Fields, Version extends string>(
  layout: StructLayout<F, Version>,
  buffer: ArrayBuffer,
  offset = 0,
  maxAttempts: number = MAX_ATTEMPTS,
): StructValue<F> | undefined {
  const version = versionOf(layout, buffer, offset)
  const copy = scratchOf(layout)
  const memory = new Uint8Array(buffer, offset, layout.length)
  return copyConsistent(version, memory, copy, maxAttempts) ? layout.read(new DataView(copy.buffer), 0) : undefined
}

/**
 * Writes a whole struct as one update. The value is checked first: when it does not fit, nothing is written. The version
 * words are counted here; what the value says of them is ignored. Only one writer at a time.
 *
 * @param offset bytes from the start of `buffer`, a multiple of 4
 * @throws TypeError for a struct declared without `consistency`; TypeError or RangeError for a value that does not fit;
 *   RangeError when the struct does not lie inside the buffer
 */
export function writeSnapshot<F extends Fields, Version extends string>(
  layout: StructLayout<F, Version>,
  buffer: ArrayBuffer,
  offset: number,
  value: SnapshotValue<F, Version>,
): void {
  const version = versionOf(layout, buffer, offset)
  checkValue(layout, value)
  const given = value as Readonly<Record<string, unknown>>
  const fields = contentOf(layout as unknown as StructLayout)
  const data = new DataView(buffer)
  update(version, () => {
    for (const [name, field] of fields) field.layout.put(data, offset + field.offset, given[name])
  })
}

/**
 * Changes some fields of a struct as one update: `change` gets an accessor of the memory itself, and readers see either
 * none or all of what it did. Should it throw, what it wrote so far stays, and the update ends. Only one writer at a time.
 *
 * @param offset bytes from the start of `buffer`, a multiple of 4
 * @param change runs at once; it leaves the version words alone and keeps the readers waiting until it returns
 * @throws TypeError for a struct declared without `consistency`; RangeError when it does not lie inside the buffer
 */
export function updateSnapshot<F extends Fields, Version extends string>(
  layout: StructLayout<F, Version>,
  buffer: ArrayBuffer,
  offset: number,
  change: (view: StructView<F>) => void,
): void {
  const version = versionOf(layout, buffer, offset)
  const view = layout.view(buffer, offset)
  update(version, () => {
    const result: unknown = change(view)
    if (result instanceof Promise) throw new TypeError('change must make its changes at once, not in a promise')
  })
}

/**
 * Checks that a value can be written to a layout, whatever it says of version words. Allocates only when it cannot.
 *
 * @throws TypeError or RangeError naming the part that does not fit
 */
export function checkValue(layout: AnyLayout, value: unknown): void {
  if (!isVersioned(layout) || typeof value !== 'object' || value === null) {
    const mismatch = layout.check(value)
    if (mismatch !== undefined) throw mismatch.toError('name' in layout ? String(layout.name) : '')
    return
  }
  const given = value as Readonly<Record<string, unknown>>
  for (const [name, field] of contentOf(layout)) {
    const mismatch = field.layout.check(given[name])
    if (mismatch !== undefined) throw mismatch.within(`.${name}`).toError(layout.name)
  }
}

/** The fields that are not version words. */
function contentOf(layout: StructLayout): [string, { offset: number; layout: AnyLayout }][] {
  const versionNames: readonly string[] = Object.values(layout.consistency ?? {})
  return Object.entries<{ offset: number; layout: AnyLayout }>(layout.fields).filter(
    ([name]) => !versionNames.includes(name),
  )
}

/** Where the version words of one struct in one buffer are; `begin` and `end` are indexes, and may be the same. */
export interface Version {
  readonly kind: 'pair' | 'sequence' | 'counter'
  readonly words: Int32Array
  readonly begin: number
  readonly end: number
}

/** What tells where the version words are; without the types that differ from struct to struct. */
interface Versioned {
  readonly name: string
  readonly length: number
  readonly fields: Readonly<Record<string, { readonly offset: number }>>
  readonly consistency: Readonly<Record<string, string>> | undefined
}

function versionOf(layout: Versioned, buffer: ArrayBuffer, offset: number): Version {
  const { name, length, fields, consistency } = layout
  if (consistency === undefined) throw new TypeError(`struct ${name} declares no consistency: it has no version words`)
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

/** Copies `memory` as it was at one moment, or returns false when `maxAttempts` attempts did not succeed. */
export function copyConsistent(version: Version, memory: Uint8Array, copy: Uint8Array, maxAttempts: number): boolean {
  const { kind, words, begin, end } = version
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const before = loadBeforeCopy(words, end)
    if (kind === 'sequence' && before % 2 !== 0) continue
    copy.set(memory)
    if (loadAfterCopy(words, begin) !== before) continue
    if (kind !== 'counter') return true
    if (copy.every((byte, index) => byte === memory[index]) && loadAfterCopy(words, begin) === before) return true
  }
  return false
}

/** Runs `write` as one update. A predecessor that died inside left the words unequal or odd: counting goes on from there. */
function update({ kind, words, begin, end }: Version, write: () => void): void {
  const before = loadOwn(words, begin)
  const inside = kind === 'sequence' ? (before + 1) | 1 : (before + 1) | 0
  if (kind !== 'counter') storeBeforeWrites(words, begin, inside)
  try {
    write()
  } finally {
    storeAfterWrites(words, end, kind === 'sequence' ? (inside + 1) | 0 : inside)
  }
}

/** Private memory to copy into, kept with the layout. Decoding ends before anybody else can use it. */
const scratches = new WeakMap<object, Uint8Array<ArrayBuffer>>()

function scratchOf(layout: AnyLayout): Uint8Array<ArrayBuffer> {
  let scratch = scratches.get(layout)
  if (scratch === undefined) {
    scratch = new Uint8Array(layout.length)
    scratches.set(layout, scratch)
  }
  return scratch
}

/** Whether a layout is a struct with version words, so that the functions above take it. */
export function isVersioned(layout: AnyLayout): layout is StructLayout {
  return 'consistency' in layout && layout.consistency !== undefined
}
