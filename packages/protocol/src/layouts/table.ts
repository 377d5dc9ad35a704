import type { Layout } from '../layout/layout.js'
import { LayoutError } from '../layout/layout-error.js'

/** A table as a foreign header describes it: `count` elements, `stride` bytes apart, from `offset` on. */
export interface Table {
  readonly offset: number
  readonly stride: number
  readonly count: number
}

/** The layout of an element, and the length in bytes of its oldest version. Later fields that are missing read as zeros. */
export interface Element<T> extends Pick<Layout<T>, 'length' | 'read'> {
  readonly oldestLength?: number
}

/**
 * Reads a table that a foreign header describes. Checks the description before it reads or allocates anything.
 *
 * @param describedAt the offset of the description in bytes, for the error
 * @throws LayoutError `CORRUPT` if an element is too short for its layout, or the table does not lie inside `view`
 */
export function readTable<T>(
  what: string,
  view: DataView,
  { offset, stride, count }: Table,
  element: Element<T>,
  describedAt: number,
): T[] {
  const { oldestLength = element.length } = element
  if (offset < 0 || count < 0 || (count > 0 && stride < oldestLength) || offset + count * stride > view.byteLength)
    throw new LayoutError(
      'CORRUPT',
      describedAt,
      `${what}: ${count} elements of ${stride} bytes at offset ${offset} are impossible: ` +
        `an element takes ${oldestLength} bytes, and the memory has ${view.byteLength}`,
    )
  return Array.from({ length: count }, (_, index) => readGrown(view, offset + index * stride, stride, element))
}

/** Reads a struct of which only the first `available` bytes exist, as in older versions: the fields after them read as zeros. */
export function readGrown<T>(
  view: DataView,
  offset: number,
  available: number,
  layout: Pick<Layout<T>, 'length' | 'read'>,
): T {
  if (available >= layout.length) return layout.read(view, offset)
  const padded = new Uint8Array(layout.length)
  padded.set(new Uint8Array(view.buffer, view.byteOffset + offset, available))
  return layout.read(new DataView(padded.buffer), 0)
}

/** @throws LayoutError `TOO_SHORT` if the memory is shorter than its header */
export function checkHeader(what: string, available: number, headerLength: number): void {
  if (available < headerLength)
    throw new LayoutError(
      'TOO_SHORT',
      available,
      `${what}: the memory has ${available} bytes, its header alone takes ${headerLength}`,
    )
}
