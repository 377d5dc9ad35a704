import { constants } from 'node:buffer'

/** What the operating system and this Node.js offer. Nothing else in memlane behaves by the name of its system. */
export interface Capabilities {
  /** How names become objects: `X` is `Local\X` on Windows, `/X.<uid>` on POSIX systems. */
  readonly namespace: 'windows' | 'posix'
  /** Longest object name: UTF-16 code units on Windows, bytes behind the slash elsewhere. */
  readonly maxNameLength: number
  /** Which option of `create` sets who may open the memory. */
  readonly permissions: 'mode' | 'securityDescriptor'
  /** Whether memory can outlive its last handle (`persistent: true`, `SharedMemory.unlink`). */
  readonly persistent: boolean
  /** Whether an opener sees the exact length; if not, the length rounded up to whole pages. */
  readonly exactLength: boolean
  /** The folder in which the system shows its objects, and tells of new ones; if absent, `waitFor` looks on a timer. */
  readonly objectDirectory: string | undefined
  /** Longest view in bytes: the longest ArrayBuffer of this Node.js. Longer memory is used through several views. */
  readonly maxViewLength: number
  /** Bytes of a C `wchar_t` on this system. */
  readonly wcharLength: 2 | 4
  /** Whether this processor lets others see all stores in the order in which they were made (x64). */
  readonly storesInOrder: boolean
  /** The system's error number for a name it does not allow. */
  readonly invalidNameOsCode: number
}

const windows: Capabilities = {
  namespace: 'windows',
  maxNameLength: 260,
  permissions: 'securityDescriptor',
  persistent: false,
  exactLength: false,
  objectDirectory: undefined,
  maxViewLength: constants.MAX_LENGTH,
  wcharLength: 2,
  storesInOrder: process.arch === 'x64',
  invalidNameOsCode: 123, // ERROR_INVALID_NAME
}

const posix: Capabilities = {
  namespace: 'posix',
  maxNameLength: process.platform === 'darwin' ? 30 : 255,
  permissions: 'mode',
  persistent: true,
  exactLength: true,
  objectDirectory: process.platform === 'linux' ? '/dev/shm' : undefined,
  maxViewLength: constants.MAX_LENGTH,
  wcharLength: 4,
  storesInOrder: process.arch === 'x64',
  invalidNameOsCode: 22, // EINVAL
}

/** What this system offers. */
export const capabilities: Capabilities = Object.freeze(process.platform === 'win32' ? windows : posix)
