/**
 * The header fields that only a latest has, after those that every channel has:
 *
 *   36  keyCount           u32   how many keys there are
 *   40  maxReaders         u32   how many reader slots there are
 *   44  maxMessageLength   u32   bytes of the longest value of each key whose values vary in length
 *   48  cellsLength        u32   bytes of the cells of all keys
 *   52  0                  u32
 */

import type { ChannelHeader } from '../channel/shape.js'
import { u32 } from '../layout/scalar.js'
import { struct } from '../layout/struct.js'

/** The header fields that only a latest has. */
export interface LatestFields {
  readonly keyCount: number
  /** How many readers can sleep until a value changes. */
  readonly maxReaders: number
  /** Bytes of the longest value of each key whose values vary in length. */
  readonly maxMessageLength: number
  /** Bytes of the cells of all keys. */
  readonly cellsLength: number
}

export type LatestHeader = ChannelHeader & LatestFields

const Fields = struct('LatestFields', { keyCount: u32, maxReaders: u32, maxMessageLength: u32, cellsLength: u32 })

/** Reads and writes the fields. The values that `read` returns are not checked yet. */
export const latestFields = {
  read: (view: DataView, offset: number): LatestFields => Fields.read(view, offset),
  write(view: DataView, offset: number, fields: LatestFields): void {
    const { keyCount, maxReaders, maxMessageLength, cellsLength } = fields
    Fields.write(view, offset, { keyCount, maxReaders, maxMessageLength, cellsLength })
  },
}
