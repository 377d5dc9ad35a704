import { bytesIn, isGrowable } from './typed-array.js'

/** Up to this many bytes, copying twice is faster than `isGrowable`. */
const SMALL = 64
const scratch = new Uint8Array(SMALL)
const scratchViews: Uint8Array[] = []

/**
 * Copies `length` bytes. `target.set(source)` may copy more than the caller has counted: another thread can make a growable
 * SharedArrayBuffer longer at any time, and so the arrays that track its length.
 *
 * @param length how many bytes the caller has just counted in `source`
 * @throws RangeError if they do not fit into `target`, or if the source has become longer; TypeError if `target` is detached
 */
export function copyExactly(source: Uint8Array, length: number, target: Uint8Array, offset: number): void {
  if (length <= SMALL) {
    scratch.set(source)
    scratchViews[length] ??= scratch.subarray(0, length)
    target.set(scratchViews[length], offset)
  } else {
    target.set(isGrowable(source) ? bytesIn(source, length) : source, offset)
  }
}
