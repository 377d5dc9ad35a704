/**
 * Copying bytes that their writer does not protect: copy first, then check that no write came between. A reader needs no write
 * access, and never waits; a writer never waits for readers.
 *
 * The sign of a write differs: here, version words change; in a lane that overwrites, the lane's base moves (`OverwrittenCursor`).
 * The order is the same: load the sign, copy, load the sign again by `loadAfterCopy` or `loadBaseAfterCopy`. Their fence keeps
 * the loads of the copy from being delayed past the second load.
 */

import { loadAfterCopy, loadBeforeCopy } from './atomics.js'

/** Attempts against a writer that is faster than the reader, before the reader gives up. For a small struct, tens of microseconds. */
export const MAX_COPY_ATTEMPTS = 1000

/** The version words of some bytes, as indexes of Int32 words. `begin` and `end` are the same unless the kind is `pair`. */
export interface VersionWords {
  readonly kind: 'pair' | 'sequence' | 'counter'
  readonly words: Int32Array
  readonly begin: number
  readonly end: number
}

/**
 * Copies `memory` as it was at one moment.
 *
 * A `counter` alone does not show that a writer is in the middle of an update. So the copy is also compared with the memory, which
 * shows most such writers, but not all.
 *
 * @returns false if no attempt succeeded
 */
export function copyUnchanged(
  { kind, words, begin, end }: VersionWords,
  memory: Uint8Array,
  copy: Uint8Array,
  maxAttempts: number = MAX_COPY_ATTEMPTS,
): boolean {
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

/** Up to this many bytes, copying in a loop is faster than making views for `Uint8Array.set`. */
export const SMALL = 256

/**
 * Copies the bytes at `offset` to the start of `target`: up to 256 bytes without allocating. May copy up to 3 bytes more.
 *
 * @param words the memory to copy from
 * @param offset bytes from the start of `words`, a multiple of 4, below 2 ** 31
 */
export function copyWords(words: Int32Array, offset: number, length: number, target: Int32Array): void {
  if (length > SMALL) {
    const from = new Uint8Array(words.buffer, words.byteOffset + offset, length)
    new Uint8Array(target.buffer, target.byteOffset).set(from)
    return
  }
  const first = offset >> 2
  for (let word = 0; word << 2 < length; word++) target[word] = words[first + word] as number
}
