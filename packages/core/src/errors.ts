import { capabilities } from './capabilities.js'
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
  /** The system call that failed (`linkat`, `CreateFileMappingW`, …), if one did. Of a wait that timed out: its last one. */
  readonly syscall: string | undefined
  /** The system's number for the failure: errno on Linux, GetLastError() on Windows. */
  readonly osCode: number | undefined
  /** Bytes asked for (`NO_SPACE`, `TOO_SHORT`, `TOO_LONG`). */
  readonly requested: number | undefined
  /** Bytes free (`NO_SPACE`), there (`TOO_SHORT`) or possible (`TOO_LONG`). */
  readonly available: number | undefined

  constructor(code: SharedMemoryErrorCode, message: string, details: SharedMemoryErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.syscall = details.syscall
    this.osCode = details.osCode
    this.requested = details.requested
    this.available = details.available
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

/** What the addon throws. */
interface NativeFailure extends Error {
  code: SystemErrorCode
  syscall: string
  osCode: number
  requested: number
  available: number
  owner: string
}

/** Makes the addon's error into one that says what was tried, with the numbers, and what to do next. */
export function explainFailure(failure: unknown, verb: string, name: string, objectName: string): SharedMemoryError {
  const native = failure as NativeFailure
  const { code, syscall, osCode, owner } = native
  const sized = (code === 'NO_SPACE' && native.requested !== 0) || code === 'TOO_SHORT' || code === 'TOO_LONG'
  const message = `Could not ${verb} shared memory "${name}" (${objectName}): ${explanation(native)}`
  return new SharedMemoryError(code, owner ? `${message} It belongs to user ${owner}.` : message, {
    syscall,
    osCode,
    requested: sized ? native.requested : undefined,
    available: sized ? native.available : undefined,
    cause: failure,
  })
}

function explanation({ code, message, syscall, osCode, requested, available, owner }: NativeFailure): string {
  const system = `${message.replace(/\.$/, '')} (${osCode}).`
  switch (code) {
    case 'NOT_FOUND':
      return `nobody holds memory of that name. Start the process that creates it first, or wait for it. ${system}`
    case 'ALREADY_EXISTS':
      return `the name is taken. Open it, or choose another name. ${system}`
    case 'ACCESS_DENIED':
      return owner
        ? `it was made by somebody else; name the owner in trustOwner if you expect that. ${system}`
        : `access denied: it is another user's, or protected against this access, or a symbolic link. ${system}`
    case 'PRIVILEGE_REQUIRED':
      return `creating a Global\\ name needs SeCreateGlobalPrivilege (administrators and services have it). Use a Local\\ name if all processes run in this login session. ${system}`
    case 'NOT_SHARED_MEMORY':
      return `the name belongs to something else than shared memory. Choose another name. ${system}`
    case 'NO_SPACE':
      if (syscall === 'mmap') {
        return `this process has no room left to map it. Map a part of it (view), or raise the process's limit. ${system}`
      }
      if (requested === 0)
        return `there is no room for another file. Make room in ${capabilities.objectDirectory}. ${system}`
      return `${requested} bytes asked for, ${available} bytes free. Ask for less, or make room${
        capabilities.objectDirectory ? ` in ${capabilities.objectDirectory}` : ''
      }. ${system}`
    case 'TOO_SHORT':
      return `${requested} bytes asked for, ${available} bytes there.`
    case 'TOO_LONG':
      return `it has ${requested} bytes; an ArrayBuffer can have ${available}. Map a part with view: { offset, length }.`
    case 'NOT_READY':
      return `a stopped process is just removing the old memory of that name. Let it continue, or end it. ${system}`
    case 'IN_USE':
      return `it goes with its last handle, and still has one. Close that. ${system}`
    default:
      return system
  }
}
