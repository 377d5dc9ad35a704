/**
 * The mark of a layout: 16 bytes after the value of a region, if the region's creator set `checkLayout`. A region has no header, so
 * that other programs can read it. With the mark, memlane's readers notice that they expect another layout.
 *
 *   0   magic   u32   "MLR1"; 0 if there is no mark
 *   4   length  u32   bytes of the layout
 *   8   hash    u64   FNV-1a of the layout's descriptor
 */

import { layoutHash } from '../codec/descriptor.js'
import type { AnyLayout } from './layout.js'

/** "MLR1" in memory. */
const MAGIC = 0x3152_4c4d

export const LAYOUT_MARK_LENGTH = 16

/** Returns the offset of the mark, in bytes from the start of the region: a multiple of 8. */
export function layoutMarkOffset({ length }: AnyLayout): number {
  return Math.ceil(length / 8) * 8
}

/** Writes the mark into a region's memory. */
export function writeLayoutMark(buffer: ArrayBuffer, layout: AnyLayout): void {
  const mark = new DataView(buffer, layoutMarkOffset(layout), LAYOUT_MARK_LENGTH)
  mark.setUint32(4, layout.length, true)
  mark.setBigUint64(8, layoutHash(layout), true)
  mark.setUint32(0, MAGIC, true)
}

/** Says what is wrong with the mark of a region, or returns `undefined` if it is the mark of `layout`. */
export function layoutMarkProblem(buffer: ArrayBuffer, layout: AnyLayout): string | undefined {
  const offset = layoutMarkOffset(layout)
  if (buffer.byteLength < offset + LAYOUT_MARK_LENGTH) {
    return `the memory has ${buffer.byteLength} bytes, too few for the mark of this layout at offset ${offset}`
  }
  const mark = new DataView(buffer, offset, LAYOUT_MARK_LENGTH)
  if (mark.getUint32(0, true) !== MAGIC) {
    return `there is no mark of a layout at offset ${offset}: its creator has another layout, or did not use checkLayout`
  }
  const hash = mark.getBigUint64(8, true)
  const expected = layoutHash(layout)
  if (hash === expected) return undefined
  return `it has another layout: its hash is ${hash.toString(16)}, and ${expected.toString(16)} here`
}
