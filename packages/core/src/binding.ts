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
  external: boolean // false: as if the heap admitted no foreign memory
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
  readonly objectLength: number
  readonly viewLength: number
  /** The view. Absent if the heap admits no foreign memory. */
  readonly buffer?: ArrayBuffer
  /** Without `buffer`: the bytes of the pages that `moveOnto` needs. 0 if this system cannot replace pages. */
  readonly pagesLength: number
  /** Replaces the pages of a buffer by the view. Returns the offset of the view in the buffer. */
  moveOnto(buffer: ArrayBuffer): number
  publish(): void
  /** Copies bytes of the view. Orders the copy before and after all other accesses; tears no aligned word of 4 or 8 bytes. */
  read(offset: number, target: Uint8Array): void
  /** As `read`, into the view. */
  write(offset: number, source: Uint8Array): void
  claimLease(slot: number): boolean
  releaseLease(slot: number): void
  isLeased(slot: number): boolean
  leaseHolder(slot: number): number | undefined
  /** `uvPoll`: as `capabilities.uvPoll`. If false, a thread waits for the event loop. */
  openDoorbell(number: number, uvPoll: boolean): NativeDoorbell
  /** Unmaps the view. Returns true if fresh pages are now where `moveOnto` has put it. */
  close(): boolean
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
  /** Milliseconds on a clock that all processes of the machine share. */
  monotonicMs(): number
}

export const binding = loadAddon() as Binding
