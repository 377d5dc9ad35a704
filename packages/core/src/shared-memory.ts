import { type Access, binding, type NativeSegment } from './binding.js'
import { capabilities } from './capabilities.js'
import { explainFailure, SharedMemoryError } from './errors.js'
import { nameOf, resolveName } from './name.js'
import { untilPresent, type WaitOptions } from './waiting.js'

export type { Access }

/** The part of the memory that is mapped. */
export interface ViewRange {
  /** Where the view begins, in bytes from the start of the memory: a multiple of 8. Default 0. */
  offset?: number
  /** Bytes. Default: up to the end of the memory. */
  length?: number
}

interface MapOptions {
  /**
   * - `readwrite` (default): sees others' writes, and is seen.
   * - `read`: sees others' writes. Writing to the view kills the process (the processor forbids it): no exception.
   * - `copy`: sees others' writes to a page until its own first write there; its own writes are seen by nobody.
   */
  access?: Access
  /** Maps a part only, for instance of memory that is longer than one ArrayBuffer can be. Default: all of it. */
  view?: ViewRange
}

export interface CreateOptions extends MapOptions {
  /**
   * Linux: permission bits of the object, whatever the umask; 0o400 is always among them. Default 0o600: this user alone.
   * Ignored on Windows.
   */
  mode?: number
  /** Windows: who may open it, as SDDL text. Default: the process token's descriptor. Ignored on Linux. */
  securityDescriptor?: string
  /** Linux: the memory stays after its last handle, until `SharedMemory.unlink(name)`. Default false. */
  persistent?: boolean
  /**
   * Fills the memory. On Linux the memory appears to others only afterwards; on Windows they may see it empty for a
   * moment. Not called when `createOrOpen` opens.
   */
  initialize?: (buffer: ArrayBuffer) => void
}

export interface OpenOptions extends MapOptions {
  /**
   * Linux: which owners to accept besides this user and root: these user ids, or `true` for anybody. Any user can put
   * an object of any name into the system's folder before you do. Default: none. Ignored on Windows.
   */
  trustOwner?: boolean | readonly number[]
}

/** What `SharedMemory.list()` tells of one object. */
export interface SharedMemoryInfo {
  /** The name that opens it here. */
  name: string
  /** The system's name for it: `/X.1000`, `Local\X`. */
  objectName: string
  /** Bytes; on Windows whole pages. Absent where this process may not look. */
  length?: number
  /** User id (Linux) or SID (Windows). Absent where this process may not look. */
  owner?: string
  /** Permission bits (Linux). */
  mode?: number
  /** How many handles are open, where the system tells: not for memory that other programs made on Linux. */
  holders?: number
  /** The processes that hold them, where the system tells: on Linux, those of this pid namespace. */
  pids: number[]
  /** `handles`: goes with its last handle. `unlink`: stays until it is unlinked. */
  lifetime: 'handles' | 'unlink'
}

/** The native side of a memory, for the other classes of this package. */
export let segmentOf: (memory: SharedMemory) => NativeSegment

/**
 * Named memory that several processes map: one handle, and one view of it as an ArrayBuffer.
 *
 * The memory lives until its last handle anywhere is closed, by `close()`, `using`, garbage collection, the end of its
 * worker thread, or the end of its process in whatever way; then its name is free again. (`persistent` changes that.)
 * Nothing orders the reads and writes of different processes but `Atomics`, which work across processes; `Atomics.wait`
 * does not.
 */
export class SharedMemory implements Disposable {
  /** The name as it was given. */
  readonly name: string
  /** The system's name of the object. */
  readonly objectName: string
  readonly access: Access
  /** True when this handle created the memory, false when it opened it. */
  readonly created: boolean
  /** Bytes of the whole memory. On Windows, an opener sees them rounded up to whole pages. */
  readonly objectLength: number
  /** The view. Length 0 once closed. Posting it to a worker copies it: workers open the memory by name. */
  readonly buffer: ArrayBuffer
  /** The view, byte by byte. Length 0 once closed: reads give `undefined`, writes are ignored. */
  readonly bytes: Uint8Array
  readonly #segment: NativeSegment
  #closed = false

  static {
    segmentOf = (memory) => memory.#segment
  }

  private constructor(name: string, objectName: string, access: Access, created: boolean, segment: NativeSegment) {
    this.name = name
    this.objectName = objectName
    this.access = access
    this.created = created
    this.#segment = segment
    this.buffer = segment.buffer
    this.objectLength = segment.objectLength
    this.bytes = new Uint8Array(this.buffer)
  }

  /**
   * Creates memory of `length` bytes, all zero, and maps it. Blocks while the system reserves the pages (about a second
   * for some GiB): later there is no "out of memory". Blocks for a quarter of a second before it says `NOT_READY`.
   *
   * @throws SharedMemoryError `ALREADY_EXISTS`, `NO_SPACE`, `INVALID_NAME`, `ACCESS_DENIED`, `PRIVILEGE_REQUIRED`,
   * `INVALID_SECURITY_DESCRIPTOR`, `NOT_SHARED_MEMORY`, `NOT_READY`, `NOT_SUPPORTED`, `SYSTEM`
   * @throws RangeError when a number is out of its range
   */
  static create(name: string, length: number, options: CreateOptions = {}): SharedMemory {
    const objectName = resolveName(name)
    checkBytes('length', length, 1)
    const { mode = 0o600, securityDescriptor = '', persistent = false, initialize } = options
    const view = checkMapOptions(options)
    // Without the owner's right to read, nobody could find out that a crash has orphaned it.
    if (!Number.isInteger(mode) || mode < 0o400 || mode > 0o777 || (mode & 0o400) === 0) {
      throw new RangeError(
        `mode 0o${Number(mode).toString(8)} is not from 0o400 to 0o777 with the owner's right to read`,
      )
    }
    if (typeof securityDescriptor !== 'string') throw new TypeError('securityDescriptor must be a string')
    if (typeof persistent !== 'boolean') throw new TypeError('persistent must be true or false')
    if (initialize !== undefined && typeof initialize !== 'function')
      throw new TypeError('initialize must be a function')
    if (initialize && view.access !== 'readwrite') {
      throw new TypeError(`initialize needs access "readwrite", not "${view.access}"`)
    }
    if (persistent && !capabilities.persistent) {
      throw new SharedMemoryError(
        'NOT_SUPPORTED',
        `Could not create shared memory "${name}": here memory always goes with its last handle (persistent: true).`,
      )
    }
    checkViewLength(view.length ?? length - view.offset)
    const segment = attempt('create', name, objectName, () =>
      binding.create({ name: objectName, objectLength: length, persistent, mode, securityDescriptor, ...view }),
    )
    const memory = new SharedMemory(name, objectName, view.access, true, segment)
    try {
      const pending: unknown = initialize?.(memory.buffer)
      if (pending instanceof Promise) throw new TypeError('initialize must fill the memory at once, not in a promise')
      attempt('create', name, objectName, () => segment.publish())
    } catch (error) {
      memory.close()
      throw error
    }
    return memory
  }

  /**
   * Opens memory that somebody holds, and maps it: all of it, of whatever length, or the part that `view` tells. Never
   * creates, and needs no right to create. Does not block.
   *
   * @throws SharedMemoryError `NOT_FOUND`, `ACCESS_DENIED`, `TOO_SHORT`, `TOO_LONG`, `INVALID_NAME`, `NO_SPACE` (another
   * program's memory without pages behind it), `NOT_SHARED_MEMORY`, `NOT_SUPPORTED`, `SYSTEM`
   * @throws RangeError when a number is out of its range
   */
  static open(name: string, options: OpenOptions = {}): SharedMemory {
    const objectName = resolveName(name)
    const view = checkMapOptions(options)
    if (view.length !== undefined) checkViewLength(view.length)
    const { trustOwner = false } = options
    if (typeof trustOwner !== 'boolean' && !(Array.isArray(trustOwner) && trustOwner.every(isUserId))) {
      throw new TypeError('trustOwner must be true, false or an array of user ids')
    }
    const segment = attempt('open', name, objectName, () => binding.open({ name: objectName, trustOwner, ...view }))
    return new SharedMemory(name, objectName, view.access, false, segment)
  }

  /**
   * Opens the memory, or creates it when nobody holds any of that name: `created` tells which. What is there must have
   * at least `length` bytes, of which as many are mapped unless `view` says otherwise.
   *
   * @throws SharedMemoryError as `create` and `open` do
   */
  static createOrOpen(name: string, length: number, options: CreateOptions & OpenOptions = {}): SharedMemory {
    checkBytes('length', length, 1)
    const view = options.view ?? { length }
    for (let attempts = 1; ; attempts++) {
      try {
        const memory = SharedMemory.open(name, { ...options, view })
        if (memory.objectLength >= length) return memory
        memory.close()
        throw new SharedMemoryError(
          'TOO_SHORT',
          `Could not open shared memory "${name}" (${memory.objectName}): ${length} bytes asked for, ${memory.objectLength} bytes there.`,
          { requested: length, available: memory.objectLength },
        )
      } catch (error) {
        if (!(error instanceof SharedMemoryError && error.code === 'NOT_FOUND')) throw error
      }
      try {
        return SharedMemory.create(name, length, options)
      } catch (error) {
        // Somebody was quicker: open theirs. They may be gone again by then, but not for ever.
        if (!(error instanceof SharedMemoryError && error.code === 'ALREADY_EXISTS') || attempts === 1000) throw error
      }
    }
  }

  /**
   * Opens the memory, waiting for it to appear. Costs no processor time meanwhile where the system tells of new objects
   * (Linux); on Windows, looks ten times a second.
   *
   * @throws the signal's reason when it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs`, and as `open`
   */
  static waitFor(name: string, options: OpenOptions & WaitOptions = {}): Promise<SharedMemory> {
    return untilPresent(() => SharedMemory.open(name, options), name, options)
  }

  /**
   * Removes the name of memory that outlives its handles: made with `persistent: true`, or by another program. Who has it
   * open keeps it. Linux only.
   *
   * @throws SharedMemoryError `NOT_FOUND`, `IN_USE` (it goes with its last handle, and has one), `ACCESS_DENIED`,
   * `NOT_SUPPORTED`, `INVALID_NAME`, `NOT_SHARED_MEMORY`, `SYSTEM`
   */
  static unlink(name: string): void {
    const objectName = resolveName(name)
    attempt('unlink', name, objectName, () => binding.unlink(objectName))
  }

  /**
   * Lists the shared memory that is there: on Linux all of `/dev/shm`, on Windows that of this session and the global one.
   * What crashes have left is not there, and is cleared away.
   *
   * @throws SharedMemoryError `SYSTEM`
   */
  static list(): SharedMemoryInfo[] {
    return attempt('list', '*', '*', () => binding.list()).map(({ name, counted, ...known }) => ({
      name: nameOf(name, counted),
      objectName: name,
      ...known,
      lifetime: counted ? 'handles' : 'unlink',
    }))
  }

  /** Whether `close()` was called. */
  get closed(): boolean {
    return this.#closed
  }

  /**
   * Closes the handle: empties every ArrayBuffer view first, then unmaps. Again is a no-op. A DataView over the memory
   * throws a TypeError from now on, a typed array has length 0.
   */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#segment.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** What console.log shows: not the bytes. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const state = this.#closed ? 'closed' : `${this.buffer.byteLength} bytes, ${this.access}`
    return `SharedMemory ${JSON.stringify(this.name)} (${this.objectName}, ${state})`
  }
}

/** Calls the addon, and explains what it throws. */
export function attempt<T>(verb: string, name: string, objectName: string, call: () => T): T {
  try {
    return call()
  } catch (failure) {
    throw explainFailure(failure, verb, name, objectName)
  }
}

function isUserId(id: unknown): boolean {
  return typeof id === 'number' && id >>> 0 === id
}

function checkBytes(what: string, bytes: number, least: number): void {
  if (typeof bytes !== 'number') throw new TypeError(`${what} must be a number of bytes, not ${typeof bytes}`)
  if (!Number.isSafeInteger(bytes) || bytes < least) {
    throw new RangeError(`${what} ${bytes} is not a whole number of bytes from ${least} to ${Number.MAX_SAFE_INTEGER}`)
  }
}

function checkViewLength(length: number): void {
  checkBytes('view.length', length, 1)
  if (length > capabilities.maxViewLength) {
    throw new RangeError(
      `A view of ${length} bytes is longer than an ArrayBuffer can be (${capabilities.maxViewLength} bytes): ` +
        'map a part with view: { offset, length }',
    )
  }
}

function checkMapOptions({ access = 'readwrite', view = {} }: MapOptions) {
  if (access !== 'readwrite' && access !== 'read' && access !== 'copy') {
    throw new TypeError(`access must be "readwrite", "read" or "copy", not ${JSON.stringify(access)}`)
  }
  const { offset = 0, length } = view
  checkBytes('view.offset', offset, 0)
  if (offset % 8 !== 0) throw new RangeError(`view.offset ${offset} is not a multiple of 8`)
  if (length !== undefined) checkBytes('view.length', length, 1)
  return { access, offset, length, maxLength: capabilities.maxViewLength }
}
