import { constants } from 'node:buffer'
import { binding } from './binding.js'

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
  /** The path of the file of an object, given the object's name. Undefined on Windows, where objects are no files. */
  readonly objectPath: (objectName: string) => string | undefined
  /** True if `SharedMemory.list()` tells which processes hold memory. */
  readonly tellsHolders: boolean
  /** True if `memoryBarrier()` reaches other processes, so that some may publish without a fence. */
  readonly reachesOthersByBarrier: boolean
  /**
   * Longest view in bytes: the longest ArrayBuffer of this Node.js. In a heap that admits no foreign memory, such as Electron's, the
   * longest view has 4 GiB, whatever this number is. Use several views for longer memory.
   */
  readonly maxViewLength: number
  /** Bytes of a C `wchar_t` on this system. */
  readonly wcharLength: 2 | 4
  /** True if other processors see this processor's stores in program order (x64). */
  readonly storesInOrder: boolean
  /**
   * True if libuv can watch descriptors for the event loop. Bun and Deno only imitate libuv: `uv_poll_init` ends the process in
   * Bun, and events get lost in Deno. No call of Node-API tells that.
   */
  readonly uvPoll: boolean
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
  objectPath: () => undefined,
  tellsHolders: false,
  reachesOthersByBarrier: false,
  maxViewLength: constants.MAX_LENGTH,
  wcharLength: 2,
  storesInOrder: process.arch === 'x64',
  uvPoll: process.versions.bun === undefined && process.versions.deno === undefined,
  invalidNameOsCode: 123, // ERROR_INVALID_NAME
}

const linux: Capabilities = {
  namespace: 'posix',
  maxNameLength: 255,
  permissions: 'mode',
  persistent: true,
  exactLength: true,
  objectDirectory: '/dev/shm',
  objectPath: binding.objectPath,
  tellsHolders: true,
  reachesOthersByBarrier: true,
  maxViewLength: constants.MAX_LENGTH,
  wcharLength: 4,
  storesInOrder: process.arch === 'x64',
  uvPoll: process.versions.bun === undefined && process.versions.deno === undefined,
  invalidNameOsCode: 22, // EINVAL
}

const macos: Capabilities = {
  ...linux,
  maxNameLength: 255 - 'memlane.'.length, // the file's name begins so
  objectDirectory: undefined,
  tellsHolders: false,
  reachesOthersByBarrier: false,
}

/** The facts about this system: about the one that the addon was built for. */
export const capabilities: Capabilities = Object.freeze({ win32: windows, linux, darwin: macos }[binding.system])
