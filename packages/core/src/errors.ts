import { capabilities } from './capabilities.js'

/**
 * Why something failed. Codes are stable; messages are not.
 *
 * | code | meaning |
 * |---|---|
 * | `NOT_FOUND` | nobody holds memory of that name |
 * | `ALREADY_EXISTS` | somebody holds memory of that name |
 * | `ACCESS_DENIED` | the system refuses, or the memory is another user's, or the name is a symbolic link |
 * | `PRIVILEGE_REQUIRED` | creating `Global\…` on Windows needs SeCreateGlobalPrivilege |
 * | `INVALID_NAME` | the name cannot name an object |
 * | `INVALID_SECURITY_DESCRIPTOR` | Windows cannot read the SDDL text |
 * | `NOT_SHARED_MEMORY` | the name belongs to something else |
 * | `NO_SPACE` | not enough memory for the length asked for; on Linux also: no file left for a doorbell or a lease |
 * | `TOO_SHORT` | the memory is shorter than what was asked of it |
 * | `TOO_LONG` | the memory is longer than one ArrayBuffer can be |
 * | `NOT_READY` | a stopped process is just removing the old memory of that name, or just making a stream |
 * | `IN_USE` | memory that goes with its last handle cannot be unlinked while it has one |
 * | `NOT_A_CHANNEL` | the memory holds something else than a stream |
 * | `VERSION_MISMATCH` | the stream was made by a version with another layout |
 * | `SCHEMA_MISMATCH` | the stream carries messages of another schema |
 * | `CORRUPT` | bytes that cannot be what they should: a peer has written where it must not |
 * | `FULL` | all slots for producers, or for consumers, are taken |
 * | `TIMED_OUT` | the time given for it has passed |
 * | `CLOSED` | the handle was closed |
 * | `NOT_SUPPORTED` | this system or runtime cannot do it |
 * | `SYSTEM` | anything else: `syscall`, `osCode` and `cause` tell |
 */
export type SharedMemoryErrorCode =
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'ACCESS_DENIED'
  | 'PRIVILEGE_REQUIRED'
  | 'INVALID_NAME'
  | 'INVALID_SECURITY_DESCRIPTOR'
  | 'NOT_SHARED_MEMORY'
  | 'NO_SPACE'
  | 'TOO_SHORT'
  | 'TOO_LONG'
  | 'NOT_READY'
  | 'IN_USE'
  | 'NOT_A_CHANNEL'
  | 'VERSION_MISMATCH'
  | 'SCHEMA_MISMATCH'
  | 'CORRUPT'
  | 'FULL'
  | 'TIMED_OUT'
  | 'CLOSED'
  | 'NOT_SUPPORTED'
  | 'SYSTEM'

interface SharedMemoryErrorDetails {
  syscall?: string | undefined
  osCode?: number | undefined
  requested?: number | undefined
  available?: number | undefined
  cause?: unknown
}

const brand = Symbol.for('memlane.SharedMemoryError')

/**
 * What every failure of the system, of a peer or of the memory is thrown as. Misuse of the API is a TypeError or a
 * RangeError instead; bytes that make no sense to a layout are the LayoutError of @memlane/protocol.
 */
export class SharedMemoryError extends Error {
  /** Why, for programs: see {@link SharedMemoryErrorCode}. */
  readonly code: SharedMemoryErrorCode
  /** The system call that failed (`linkat`, `CreateFileMappingW`, …), when one did. */
  readonly syscall: string | undefined
  /** The system's number for it: errno on Linux, GetLastError() on Windows. */
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
  code: SharedMemoryErrorCode
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
