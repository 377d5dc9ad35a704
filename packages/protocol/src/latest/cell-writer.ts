/**
 * The writing side of a key. A key is four cells in shared memory with one writer and any number of readers; its two sides,
 * CellWriter and CellReader, are mirrors.
 *
 *   write    the writer fills the cell after the newest one, then stores the version: this single store makes the value visible
 *   read     a reader loads the version, reads that cell, and loads the version again. The writer comes back to the cell after three
 *            more versions. So the value was whole if the version has risen by less than three meanwhile
 *   nobody waits: a reader leaves nothing behind, and a writer that dies inside a cell leaves the old value readable
 *
 * The members are TypeScript-private for speed: see LaneWriter.
 */

import type { Publication } from '../lane/lane-writer.js'
import { loadOwn, publishVersion, publishVersionInOrder, wordsOf } from '../memory/atomics.js'
import { wideVersion } from './cell-reader.js'
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

export class CellWriter {
  /** The bytes of all keys, where values are written. */
  readonly data: DataView
  /** Bytes of the longest value. */
  readonly capacity: number
  private readonly words: Int32Array
  private readonly bytes: Uint8Array
  private readonly versionIndex: number
  private readonly firstCell: number
  private readonly cellLength: number
  private readonly sleeping: Int32Array
  private readonly publishVersion: typeof publishVersion
  /** The newest version: its lower half, wrapping, and its upper half. */
  private low: number
  private high: number
  /** The cell that is written next, in bytes. */
  private nextCell: number

  /**
   * Continues after the newest value. Make one only while holding the writer's lease.
   *
   * @param cells the cells of all keys
   */
  constructor(
    cells: ArrayBuffer,
    place: KeyPlace,
    { sleeping, inOrder }: Publication = { sleeping: new Int32Array(1), inOrder: false },
  ) {
    this.data = new DataView(cells)
    this.bytes = new Uint8Array(cells)
    this.words = wordsOf(cells)
    this.capacity = place.capacity
    this.versionIndex = place.offset >> 2
    this.firstCell = firstCellOffset(place)
    this.cellLength = place.cellLength
    this.sleeping = sleeping
    this.publishVersion = inOrder ? publishVersionInOrder : publishVersion
    this.low = loadOwn(this.words, this.versionIndex)
    this.high = (this.words[(this.cellOf(this.low) >> 2) + VERSION_HIGH_INDEX] as number) & MAX_VERSION_HIGH
    this.nextCell = this.cellOf(this.low + 1)
  }

  /** The version of the newest value. 0 if none was ever set. */
  get version(): number {
    return wideVersion(this.low, this.high)
  }

  /** Where the next value has to be written, in bytes from the start of `data`. */
  get nextOffset(): number {
    return this.nextCell + VALUE_OFFSET
  }

  /** Where the newest value lies, in bytes from the start of `data`. */
  get newestOffset(): number {
    return this.cellOf(this.low) + VALUE_OFFSET
  }

  /** Bytes of the newest value. A process may have written wrong bytes there, so the result is at most the capacity. */
  get newestLength(): number {
    return Math.min(this.capacity, (this.words[(this.cellOf(this.low) >> 2) + LENGTH_INDEX] as number) >>> 0)
  }

  /** Copies the newest value to where the next one has to be written. If no value was ever set, puts zeros there. */
  carryOver(length: number): void {
    if (this.version === 0) this.bytes.fill(0, this.nextOffset, this.nextOffset + length)
    else this.bytes.copyWithin(this.nextOffset, this.newestOffset, this.newestOffset + length)
  }

  /**
   * Makes the next value visible.
   *
   * @param length bytes of the value, at most the capacity
   * @param time milliseconds on the machine's monotonic clock
   * @returns not 0 if readers may sleep
   */
  publish(length: number, time: number): number {
    const cell = this.nextCell
    const low = (this.low + 1) | 0
    if (low === 0) this.high = (this.high + 1) & MAX_VERSION_HIGH
    this.low = low
    this.data.setFloat64(cell + TIME_OFFSET, time, true)
    this.words[(cell >> 2) + LENGTH_INDEX] = length
    this.words[(cell >> 2) + VERSION_HIGH_INDEX] = this.high
    this.nextCell = this.cellOf(low + 1)
    return this.publishVersion(this.words, this.versionIndex, low, this.sleeping)
  }

  private cellOf(low: number): number {
    return this.firstCell + (low & (CELL_COUNT - 1)) * this.cellLength
  }
}
