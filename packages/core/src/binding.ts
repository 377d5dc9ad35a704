import { loadAddon } from './addon.js'

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
  /** `uvPoll`: as `capabilities.uvPoll`. If false, a thread waits for the event loop. */
  openDoorbell(number: number, uvPoll: boolean): NativeDoorbell
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

export const binding = loadAddon() as Binding
