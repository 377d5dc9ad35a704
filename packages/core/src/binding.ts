import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SharedMemoryError } from './errors.js'

// The exports of the addon, as native/addon.cc defines them. Names are object names; lengths and offsets are bytes. Every
// function may throw the NativeFailure of errors.ts.

/** How memory is mapped: for reading, for reading and writing, or as a copy whose changes stay in this handle. */
export type Access = 'readwrite' | 'read' | 'copy'

interface NativeView {
  access: Access
  offset: number
  length: number | undefined
  maxLength: number // longest view; a longer one is TOO_LONG
}

interface NativeCreateOptions extends NativeView {
  name: string
  objectLength: number
  persistent: boolean
  mode: number
  securityDescriptor: string
}

interface NativeOpenOptions extends NativeView {
  name: string
  trustOwner: boolean | readonly (number | string)[]
}

export interface NativeSegment {
  readonly buffer: ArrayBuffer
  readonly objectLength: number
  publish(): void
  claimLease(slot: number): boolean
  releaseLease(slot: number): void
  isLeased(slot: number): boolean
  leaseHolder(slot: number): number | undefined
  openDoorbell(number: number): NativeDoorbell
  close(): void
}

export interface NativeDoorbell {
  ring(): void
  /** Negative: no limit. */
  wait(timeoutMs: number): boolean
  watch(slot: number): boolean
  /** Milliseconds, a whole number. */
  ringAfter(timeMs: number): void
  /** True if it has rung already; then `rung`, the same function each time, is not called. */
  listen(rung: () => void, ref: boolean): boolean
  unlisten(): void
  close(): void
}

interface NativeSegmentInfo {
  name: string
  length?: number
  owner?: string
  mode?: number
  holders?: number
  pids: number[]
  counted: boolean
}

interface Binding {
  /** The system that the addon was built for, as `process.platform` names it. */
  readonly system: 'win32' | 'linux' | 'darwin'
  /** Empty if objects are no files. */
  objectPath(objectName: string): string
  create(options: NativeCreateOptions): NativeSegment
  open(options: NativeOpenOptions): NativeSegment
  unlink(name: string): boolean
  list(): NativeSegmentInfo[]
  registerForMemoryBarriers(): boolean
  globalMemoryBarrier(): boolean
}

const packageRoot = fileURLToPath(new URL('..', import.meta.url))

function load(): Binding {
  const require = createRequire(import.meta.url)
  const findAddon: (root: string) => Binding = require('node-gyp-build')
  try {
    return findAddon(packageRoot)
  } catch (cause) {
    const target = `${process.platform}-${process.arch}`
    const folder = join(packageRoot, 'prebuilds', target)
    const found = existsSync(folder) ? `the addon in ${folder} could not be loaded` : `there is no ${folder}`
    throw new SharedMemoryError(
      'NOT_SUPPORTED',
      `No native addon of @memlane/core for ${target}, Node.js ${process.version}: ${found}. ` +
        `Reinstall @memlane/core. If it has no binary for your system, build one: ` +
        `npx node-gyp rebuild --directory "${resolve(packageRoot)}" (needs Python 3 and a C++17 compiler: ` +
        `make and g++ or clang++ on Linux, the Visual Studio Build Tools with "Desktop development with C++" on Windows). ` +
        `${cause instanceof Error ? cause.message : cause}`,
      { cause },
    )
  }
}

export const binding: Binding = load()
