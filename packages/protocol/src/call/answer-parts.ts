/**
 * The parts of a streamed answer that lie in an answer area together. Each begins at a multiple of 8:
 *
 *   0   length   u32   bytes of the part
 *   4   0        u32
 *   8   the part
 */

import { LayoutError } from '../layout/layout-error.js'

export const PART_HEADER_LENGTH = 8

/** Bytes that a part takes. */
export function partLength(length: number): number {
  return PART_HEADER_LENGTH + ((length + 7) & ~7)
}

/** Writes what stands before a part of `length` bytes. */
export function putPartHeader(data: DataView, offset: number, length: number): void {
  data.setUint32(offset, length, true)
  data.setUint32(offset + 4, 0, true)
}

/**
 * Calls `visit` with each part.
 *
 * @param offset where the first one begins
 * @param length bytes of all parts
 * @throws LayoutError `CORRUPT`
 */
export function forEachPart(
  data: DataView,
  offset: number,
  length: number,
  visit: (offset: number, length: number) => void,
): void {
  for (let at = 0; at < length; ) {
    const bytes = at + PART_HEADER_LENGTH <= length ? data.getUint32(offset + at, true) : length
    const next = at + PART_HEADER_LENGTH + bytes
    if (next > length) throw new LayoutError('CORRUPT', offset + at, 'a part of an answer is longer than the answer')
    visit(offset + at + PART_HEADER_LENGTH, bytes)
    at += partLength(bytes)
  }
}
