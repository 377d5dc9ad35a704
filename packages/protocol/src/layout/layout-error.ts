/** The fault that was found in memory. Codes are stable, so that programs can compare them. */
export type LayoutErrorCode =
  /** The memory holds no channel, or one of another shape. */
  | 'NOT_A_CHANNEL'
  /** The memory holds a channel in a layout version that this version of memlane does not know. */
  | 'VERSION_MISMATCH'
  /** A length, count, offset or signature cannot be right. */
  | 'CORRUPT'
  /** The memory is shorter than the layout. */
  | 'TOO_SHORT'

/** Memory does not hold what its layout promises. Nothing outside the memory was read. */
export class LayoutError extends RangeError {
  override readonly name = 'LayoutError'
  readonly code: LayoutErrorCode
  /** Where the wrong bytes are, in bytes from the start of the memory. */
  readonly offset: number

  constructor(code: LayoutErrorCode, offset: number, message: string) {
    super(message)
    this.code = code
    this.offset = offset
  }
}
