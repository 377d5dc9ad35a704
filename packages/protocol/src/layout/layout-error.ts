/** What is wrong with memory that another program wrote: stable, for programs to compare. */
export type LayoutErrorCode =
  /** The memory holds something else. */
  | 'NOT_A_CHANNEL'
  /** A channel, of a layout that this version does not know. */
  | 'VERSION_MISMATCH'
  /** A length, count, offset or signature cannot be what it says. */
  | 'CORRUPT'
  /** The memory ends before the layout does. */
  | 'TOO_SHORT'

/** Thrown when memory does not hold what its layout promises. Nothing outside the memory was read. */
export class LayoutError extends RangeError {
  override readonly name = 'LayoutError'
  readonly code: LayoutErrorCode
  /** Where the offending bytes are, in bytes from the start of the memory. */
  readonly offset: number

  constructor(code: LayoutErrorCode, offset: number, message: string) {
    super(message)
    this.code = code
    this.offset = offset
  }
}
