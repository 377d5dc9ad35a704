import type { Layout } from '../layout/layout.js'
import { LayoutError } from '../layout/layout-error.js'

/** So many elements, so many bytes apart, from `offset` on: as a foreign header says. */
export interface Table {
  readonly offset: number
  readonly stride: number
  readonly count: number
}

/**
 * Reads a table that a foreign header describes; checks the description before anything is read or allocated by it.
 *
 * @param describedAt where the description stands, for the error
 * @throws LayoutError `CORRUPT` when an element is too short for its layout, or the table does not lie inside `view`
 */
export function readTable<T>(
  what: string,
  view: DataView,
  { offset, stride, count }: Table,
  element: Pick<Layout<T>, 'length' | 'read'>,
  describedAt: number,
): T[] {
  if (offset < 0 || count < 0 || (count > 0 && stride < element.length) || offset + count * stride > view.byteLength)
    throw new LayoutError(
      'CORRUPT',
      describedAt,
      `${what}: ${count} elements of ${stride} bytes at offset ${offset} cannot be: ` +
        `an element takes ${element.length} bytes, and the memory has ${view.byteLength}`,
    )
  return Array.from({ length: count }, (_, index) => element.read(view, offset + index * stride))
}

/** @throws LayoutError `TOO_SHORT` when the memory is shorter than its header */
export function checkHeader(what: string, available: number, headerLength: number): void {
  if (available < headerLength)
    throw new LayoutError(
      'TOO_SHORT',
      available,
      `${what}: the memory has ${available} bytes, its header alone takes ${headerLength}`,
    )
}
