/**
 * Structs in memory that no buffer shows: only copies go there and back. The same protocol of version words as in `snapshot.ts`,
 * which each function here mirrors, with a copy in place of each access.
 */

import { MAX_COPY_ATTEMPTS } from '../memory/copy-unchanged.js'
import type { AnyLayout } from './layout.js'
import { isVersioned, type VersionedLayout, versionWordsOf } from './snapshot.js'

/**
 * Memory that can only be copied. Each call is ordered before and after all other accesses to the memory, and tears no aligned word
 * of 4 bytes. Offsets are bytes.
 */
export interface CopiedMemory {
  read(offset: number, target: Uint8Array): void
  write(offset: number, source: Uint8Array): void
}

/** Copies a struct as it was at one moment, as `readSnapshot`. Returns false if no attempt succeeded. */
export function copySnapshot(
  layout: VersionedLayout,
  memory: CopiedMemory,
  copy: Uint8Array<ArrayBuffer>,
  maxAttempts: number = MAX_COPY_ATTEMPTS,
): boolean {
  const { kind, begin, end } = versionWordsOf(layout, copy.buffer, 0)
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const before = loadWord(memory, end)
    if (kind === 'sequence' && before % 2 !== 0) continue
    memory.read(0, copy)
    if (loadWord(memory, begin) !== before) continue
    if (kind !== 'counter') return true
    const again = new Uint8Array(copy.length)
    memory.read(0, again)
    if (copy.every((byte, index) => byte === again[index]) && loadWord(memory, begin) === before) return true
  }
  return false
}

/**
 * Writes a changed copy back. If the layout has version words, those of the copy have the numbers of the new version, and readers see
 * the copy as one update.
 */
export function publishCopy(layout: AnyLayout, memory: CopiedMemory, copy: Uint8Array<ArrayBuffer>): void {
  if (!isVersioned(layout)) {
    memory.write(0, copy)
    return
  }
  const { kind, words, begin, end } = versionWordsOf(layout, copy.buffer, 0)
  const version = words[end] as number
  if (kind !== 'counter') storeWord(memory, begin, kind === 'sequence' ? version - 1 : version)
  let from = 0
  for (const index of [Math.min(begin, end), Math.max(begin, end)]) {
    if (from < index * 4) memory.write(from, copy.subarray(from, index * 4))
    from = index * 4 + 4
  }
  if (from < copy.length) memory.write(from, copy.subarray(from))
  storeWord(memory, end, version)
}

function loadWord(memory: CopiedMemory, index: number): number {
  const word = new Int32Array(1)
  memory.read(index * 4, new Uint8Array(word.buffer))
  return word[0] as number
}

function storeWord(memory: CopiedMemory, index: number, value: number): void {
  memory.write(index * 4, new Uint8Array(Int32Array.of(value).buffer))
}
