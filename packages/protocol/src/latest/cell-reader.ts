/** The reading side of a key: the mirror of CellWriter, which explains both. The members are TypeScript-private for speed: see LaneWriter. */

import { LayoutError } from '../layout/layout-error.js'
import {
  loadAfterCopy,
  loadAfterCopyInOrder,
  loadBeforeCopy,
  loadBeforeCopyInOrder,
  wordsOf,
} from '../memory/atomics.js'
import { copyWords } from '../memory/copy-unchanged.js'
import {
  CELL_COUNT,
  firstCellOffset,
  type KeyPlace,
  LENGTH_INDEX,
  MAX_VERSION_HIGH,
  TIME_OFFSET,
  VALUE_OFFSET,
  VERSION_HIGH_INDEX,
} from './latest-layout.js'

/** The result of `begin` if no value was ever set. */
export const NEVER_SET = -1
/** The result of `begin` if the length is above the capacity. */
const WRONG_LENGTH = -2

export class CellReader {
  /** The bytes of all keys, where values are read. */
  readonly data: DataView
  /** Bytes of the longest value. */
  readonly capacity: number
  /** Bytes of the value at which the last `begin` pointed. */
  length = 0
  /** Its version: the lower half, wrapping, and the upper half. */
  low = 0
  high = 0
  private readonly words: Int32Array
  private readonly versionIndex: number
  private readonly firstCell: number
  private readonly cellLength: number
  private readonly loadBeforeCopy: typeof loadBeforeCopy
  private readonly loadAfterCopy: typeof loadAfterCopy

  /**
   * @param cells the cells of all keys
   * @param inOrder whether the CPU keeps loads in order: see loadBeforeCopyInOrder
   */
  constructor(cells: ArrayBuffer, place: KeyPlace, inOrder = false) {
    this.data = new DataView(cells)
    this.words = wordsOf(cells)
    this.capacity = place.capacity
    this.versionIndex = place.offset >> 2
    this.firstCell = firstCellOffset(place) >> 2
    this.cellLength = place.cellLength >> 2
    this.loadBeforeCopy = inOrder ? loadBeforeCopyInOrder : loadBeforeCopy
    this.loadAfterCopy = inOrder ? loadAfterCopyInOrder : loadAfterCopy
  }

  /**
   * Finds the newest value. The caller reads it, and then asks `isWhole` whether it stayed there meanwhile.
   *
   * @returns bytes from the start of `data` to the value, or one of the negative numbers above
   */
  begin(): number {
    const { words } = this
    const low = this.loadBeforeCopy(words, this.versionIndex)
    const cell = this.firstCell + (low & (CELL_COUNT - 1)) * this.cellLength
    const length = words[cell + LENGTH_INDEX] as number
    const high = words[cell + VERSION_HIGH_INDEX] as number
    this.low = low
    this.high = high
    this.length = length
    if (length >>> 0 > this.capacity) return WRONG_LENGTH
    return low === 0 && high === 0 ? NEVER_SET : cell * 4 + VALUE_OFFSET
  }

  /**
   * Tells whether the value of this version has stayed whole from `begin` until now.
   *
   * @param low the lower half of the version, as `begin` found it
   */
  isWhole(low: number): boolean {
    const passed = this.loadAfterCopy(this.words, this.versionIndex) - low
    return (passed >= 0 && passed < CELL_COUNT - 1) || this.hasWrapped(passed)
  }

  /** The version has wrapped between the two loads. */
  private hasWrapped(passed: number): boolean {
    return passed >>> 0 < CELL_COUNT - 1
  }

  /**
   * Copies the value. Then `isWhole` tells whether it was whole.
   *
   * @param offset the result of `begin`
   * @param target as long as the capacity, rounded up to a multiple of 4
   */
  copyTo(offset: number, target: Int32Array): void {
    copyWords(this.words, offset, this.length, target)
  }

  /** The version that `begin` found. 0 if no value was ever set. */
  get version(): number {
    return wideVersion(this.low, this.high)
  }

  /** When the value that `begin` found was set: milliseconds on the machine's monotonic clock. */
  get time(): number {
    const cell = this.firstCell + (this.low & (CELL_COUNT - 1)) * this.cellLength
    return this.data.getFloat64(cell * 4 + TIME_OFFSET, true)
  }

  /** A quick check, by one load: true if the newest version has another lower half. */
  hasOther(low: number): boolean {
    return this.loadBeforeCopy(this.words, this.versionIndex) !== low
  }

  /** Makes the error for a length above the capacity, as `begin` found it. */
  wrongLength(): LayoutError {
    const offset = (this.firstCell + (this.low & (CELL_COUNT - 1)) * this.cellLength + LENGTH_INDEX) * 4
    return new LayoutError(
      'CORRUPT',
      offset,
      `${this.length >>> 0} at offset ${offset} of the cells is longer than any value of this key (${this.capacity} bytes)`,
    )
  }
}

/** Joins the halves of a version. */
export function wideVersion(low: number, high: number): number {
  return (high & MAX_VERSION_HIGH) * 0x1_0000_0000 + (low >>> 0)
}
