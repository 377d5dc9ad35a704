import { constants } from 'node:buffer'

/** Facts about the operating system and this Node.js. No other source file decides anything by the name of the system. */
export interface Capabilities {
  /** How names become objects: `X` is `Local\X` on Windows, `/X.<uid>` on POSIX systems. */
  readonly namespace: 'windows' | 'posix'
  /** Longest name of an object: UTF-16 code units on Windows, bytes after the slash elsewhere. */
  readonly maxNameLength: number
  /** The option of `create` that controls access to the memory. */
  readonly permissions: 'mode' | 'securityDescriptor'
  /** True if memory can outlive its last handle (`persistent: true`, `SharedMemory.unlink`). */
  readonly persistent: boolean
  /** True if an opener sees the exact length. Otherwise it sees the length rounded up to whole pages. */
  readonly exactLength: boolean
  /** The folder that shows the system's objects and reports new ones. If there is none, `waitFor` checks on a timer. */
  readonly objectDirectory: string | undefined
  /** Longest view in bytes: the longest ArrayBuffer of this Node.js. Use several views for longer memory. */
  readonly maxViewLength: number
  /** Bytes of a C `wchar_t` on this system. */
  readonly wcharLength: 2 | 4
  /** True if other processors see this processor's stores in program order (x64). */
  readonly storesInOrder: boolean
  /** The system's error number for a name that it does not allow. */
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

/** The facts about this system. */
export const capabilities: Capabilities = Object.freeze(process.platform === 'win32' ? windows : posix)
