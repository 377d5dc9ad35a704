import type { SystemErrorCode } from './error-codes.js'

/**
 * Why something failed, for programs. Codes are stable, messages are not. The named codes are those of this package; other
 * packages add their own. `docs/troubleshooting.md` lists all of them.
 */
export type SharedMemoryErrorCode = SystemErrorCode | (string & {})

interface SharedMemoryErrorDetails {
  syscall?: string | undefined
  osCode?: number | undefined
  requested?: number | undefined
  available?: number | undefined
  taken?: boolean | undefined
  cause?: unknown
}

const brand = Symbol.for('memlane.SharedMemoryError')

/**
 * The error for every failure of the system, of a peer or of the memory. Misuse of the API is a TypeError or a RangeError
 * instead; bytes that make no sense to a layout are a LayoutError of @memlane/protocol.
 */
export class SharedMemoryError extends Error {
  /** Why, for programs. */
  readonly code: SharedMemoryErrorCode
  /** The system call that failed (`linkat`, `CreateFileMappingW`, …), if one did. After a timeout: the last one that failed. */
  declare readonly syscall: string | undefined
  /** The system's number for the failure: errno on Linux and macOS, GetLastError() on Windows. */
  declare readonly osCode: number | undefined
  /** Bytes asked for (`NO_SPACE`, `TOO_SHORT`, `TOO_LONG`). */
  declare readonly requested: number | undefined
  /** Bytes that are free (`NO_SPACE`), that the memory has (`TOO_SHORT`), or that a view can have (`TOO_LONG`). */
  declare readonly available: number | undefined
  /** Of a call that failed: whether a server had taken it. If not, the procedure did not run. */
  declare readonly taken: boolean | undefined

  constructor(code: SharedMemoryErrorCode, message: string, details: SharedMemoryErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    // Sets only the known ones, so that console.log shows no undefined properties.
    const { syscall, osCode, requested, available, taken } = details
    if (syscall !== undefined) this.syscall = syscall
    if (osCode !== undefined) this.osCode = osCode
    if (requested !== undefined) this.requested = requested
    if (available !== undefined) this.available = available
    if (taken !== undefined) this.taken = taken
  }

  override get name(): string {
    return 'SharedMemoryError'
  }

  get [brand](): true {
    return true
  }

  /** True for the errors of every loaded copy of this package: a process can hold several. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }
}
