/**
 * Views for a heap that admits no foreign memory: the memory cage of Electron, that is, of V8 with its sandbox. There,
 * `napi_create_external_arraybuffer` fails. But a `WebAssembly.Memory` whose initial and maximum length are equal takes whole
 * pages, and V8 uses them for nothing else as long as the memory or its buffer lives. So the addon replaces these pages by the
 * shared ones.
 *
 * A closed view puts fresh pages in their place, and only then lets `grow(0)` detach the buffer, which empties every view over it.
 * If a view is collected without `close`, V8 itself unmaps the pages before it uses the addresses again. No finalizer of ours could
 * do that: it would run after V8 has freed the addresses.
 */
import type { NativeSegment } from './binding.js'

/**
 * `MEMLANE_HEAP=caged` makes this process behave as in a heap that admits no foreign memory; `MEMLANE_HEAP=copying`, as if in
 * addition the system could not replace pages of the heap, as on Windows.
 */
const forcedHeap = process.env.MEMLANE_HEAP
export const admitsForeignMemory = forcedHeap !== 'caged' && forcedHeap !== 'copying'

/** Tells whether the heap can have pages over which the view of a segment is mapped. Otherwise, its bytes can only be copied. */
export function canTakePages(segment: NativeSegment): boolean {
  return segment.pagesLength > 0 && forcedHeap !== 'copying'
}

/** Bytes of a page of WebAssembly: the length of the buffer is a multiple. */
const PAGE_LENGTH = 65_536
const MAX_PAGE_COUNT = 65_536

interface WebAssemblyMemory {
  readonly buffer: ArrayBuffer
  grow(pageCount: number): number
}

/**
 * Memories of closed views, by their number of pages. A detached buffer keeps its memory alive, so a program that keeps closed
 * handles would run out of addresses if these memories were not used again.
 */
const closedMemories = new Map<number, WebAssemblyMemory[]>()

/** Pages of the heap over which the view of a segment is mapped. */
export class HeapPages {
  /** Begins with the system page in which the view begins, and ends with private bytes that no other process sees. */
  readonly buffer: ArrayBuffer
  /** The view. */
  readonly bytes: Uint8Array
  readonly #segment: NativeSegment
  readonly #memory: WebAssemblyMemory

  /** @throws Error with the properties of a NativeFailure */
  constructor(segment: NativeSegment) {
    this.#segment = segment
    this.#memory = allocate(segment)
    this.buffer = this.#memory.buffer
    const offset = segment.moveOnto(this.buffer)
    this.bytes = new Uint8Array(this.buffer, offset, segment.viewLength)
  }

  /** Closes the segment, and empties every view over the buffer. */
  close(): void {
    const isFresh = this.#segment.close()
    this.#memory.grow(0)
    if (!isFresh) return
    const pageCount = this.#memory.buffer.byteLength / PAGE_LENGTH
    const memories = closedMemories.get(pageCount)
    if (memories === undefined) closedMemories.set(pageCount, [this.#memory])
    else memories.push(this.#memory)
  }
}

function allocate({ pagesLength, viewLength }: NativeSegment): WebAssemblyMemory {
  const pageCount = Math.ceil(pagesLength / PAGE_LENGTH)
  if (pageCount > MAX_PAGE_COUNT) {
    const available = MAX_PAGE_COUNT * PAGE_LENGTH - (pagesLength - viewLength)
    throw failure('TOO_LONG', 'too long', { requested: viewLength, available })
  }
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly?: { Memory: new (pages: { initial: number; maximum: number }) => WebAssemblyMemory }
  }
  if (WebAssembly === undefined) {
    throw failure('NOT_SUPPORTED', 'this runtime admits no ArrayBuffer over foreign memory, and has no WebAssembly')
  }
  for (;;) {
    const memory = closedMemories.get(pageCount)?.pop()
    if (memory !== undefined) return memory
    try {
      return new WebAssembly.Memory({ initial: pageCount, maximum: pageCount })
    } catch (error) {
      if (closedMemories.size === 0) throw failure('NO_SPACE', String(error))
      closedMemories.clear() // those of other lengths, so that they can be collected
    }
  }
}

function failure(code: string, message: string, bytes = { requested: 0, available: 0 }): Error {
  const details = { code, syscall: 'WebAssembly.Memory', osCode: 0, owner: '', limit: '', ...bytes }
  return Object.assign(new Error(message), details)
}
