import { type Access, binding, type NativeSegment } from './binding.js'
import { capabilities } from './capabilities.js'
import { dispose } from './dispose.js'
import { SharedMemoryError } from './errors.js'
import { explainFailure } from './failure.js'
import { admitsForeignMemory, canTakePages, HeapPages } from './heap-pages.js'
import { nameOf, opens, resolveName } from './name.js'
import {
  checkBoolean,
  checkFunction,
  checkOneOf,
  checkOptions,
  checkText,
  describeValue,
  type OptionChecks,
} from './options.js'
import { untilPresent, type WaitOptions, waitChecks } from './waiting.js'

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
   * - `readwrite` (default): sees the writes of others, and others see its writes.
   * - `read`: sees the writes of others. A write to the view kills the process, because the CPU forbids it. JavaScript throws no
   *   exception that the program could catch.
   * - `copy`: sees the writes of others to a page until its own first write to that page. No other handle sees its writes.
   */
  access?: Access
  /** Maps a part only, for example of memory that is longer than one ArrayBuffer can be. Default: all of it. */
  view?: ViewRange
}

/** Options of `SharedMemory.create`. */
export interface CreateOptions extends MapOptions {
  /**
   * Linux and macOS: permission bits of the memory, whatever the umask. 0o400 must be among them. Default 0o600: only this user.
   * Ignored on Windows.
   */
  mode?: number
  /** Windows: the users that may open the memory, as SDDL text. Default: the process token's descriptor. Ignored elsewhere. */
  securityDescriptor?: string
  /**
   * Linux and macOS: the memory stays after its last handle is closed, until `SharedMemory.unlink(name)`. Use it for memory that
   * programs map without memlane. memlane does not count these programs as handles. Without `persistent`, they would continue to
   * use the old memory after a restart of its creator. Default false.
   */
  persistent?: boolean
  /**
   * Fills the memory. Other processes find the memory only afterwards. Exception: on Windows, they may see it empty for a moment.
   * Not called if `createOrOpen` opens existing memory.
   *
   * @param buffer the `buffer` of the memory
   * @param bytes its `bytes`
   */
  initialize?: (buffer: ArrayBuffer, bytes: Uint8Array) => void
}

/** Options of `SharedMemory.open`. */
export interface OpenOptions extends MapOptions {
  /**
   * The owners of memory to accept besides this user and root (Linux, macOS), or besides this user, administrators and the
   * system (Windows): user ids, or on Windows SIDs such as `'S-1-5-20'`, or `true` for any owner. Another user can take the name
   * before you do. Default: no other owners.
   */
  trustOwner?: boolean | readonly (number | string)[]
}

/** One entry of `SharedMemory.list()`. */
export interface SharedMemoryInfo {
  /** The name that opens it here. */
  name: string
  /** The system's name for it: `/X.1000`, `Local\X`. */
  objectName: string
  /** Bytes. Not on Windows. */
  length?: number
  /** User id. Not on Windows. */
  owner?: string
  /** Permission bits. Not on Windows. */
  mode?: number
  /** Number of open handles. Only on Linux, and not for memory that other programs made. */
  holders?: number
  /** The process ids of the holders. Linux: only processes in this pid namespace. Elsewhere: always empty. */
  pids: number[]
  /** `handles`: the memory is removed with its last handle. `unlink`: it stays until `SharedMemory.unlink(name)`. */
  lifetime: 'handles' | 'unlink'
}

const viewChecks: OptionChecks<ViewRange> = {
  offset(_, offset) {
    checkBytes('view.offset', offset, 0)
    if ((offset as number) % 8 !== 0) throw new RangeError(`view.offset ${offset} is not a multiple of 8`)
  },
  length: (_, length) => checkBytes('view.length', length, 1),
}

const mapChecks: OptionChecks<MapOptions> = {
  access: checkOneOf('readwrite', 'read', 'copy'),
  view: (option, view) => checkOptions(option, view, viewChecks),
}

export const createChecks: OptionChecks<CreateOptions> = {
  ...mapChecks,
  mode(option, mode) {
    if (typeof mode !== 'number') {
      throw new TypeError(`${option} must be a number such as 0o600, not ${describeValue(mode)}`)
    }
    // If the owner cannot read the memory, the owner's processes cannot find out that a crash has orphaned it.
    if (!Number.isInteger(mode) || mode < 0o400 || mode > 0o777 || (mode & 0o400) === 0) {
      throw new RangeError(`${option} 0o${mode.toString(8)} is not from 0o400 to 0o777 with the owner's right to read`)
    }
  },
  securityDescriptor: checkText,
  persistent: checkBoolean,
  initialize: checkFunction,
}

export const openChecks: OptionChecks<OpenOptions> = {
  ...mapChecks,
  trustOwner(option, owners) {
    if (typeof owners === 'boolean' || (Array.isArray(owners) && owners.every(isUser))) return
    throw new TypeError(
      `${option} must be true, false or an array of user ids (Linux) or SIDs (Windows), not ${describeValue(owners)}`,
    )
  },
}

const createOrOpenChecks: OptionChecks<CreateOptions & OpenOptions> = { ...createChecks, ...openChecks }
const waitForChecks: OptionChecks<OpenOptions & WaitOptions> = { ...openChecks, ...waitChecks }

/** The native side of a memory, for the other classes of this package. */
export let segmentOf: (memory: SharedMemory) => NativeSegment

/** Like `segmentOf`, but throws `CLOSED` if the memory is closed. */
export function openSegmentOf(memory: SharedMemory): NativeSegment {
  const segment = segmentOf(memory)
  if (memory.closed) throw new SharedMemoryError('CLOSED', `shared memory "${memory.name}" is closed`)
  return segment
}

/**
 * Named memory that several processes map: one handle, and one view of it as an ArrayBuffer.
 *
 * The memory lives until the last handle in any process is closed: by `close()`, `using`, garbage collection, the end of the
 * worker thread, or the end of the process (also by a crash). Then its name is free again. (`persistent` changes that.)
 * Only `Atomics` order the reads and writes of different processes. `Atomics.wait` does not work across processes.
 */
export class SharedMemory implements Disposable {
  /** The name as it was given. */
  readonly name: string
  /** The system's name of the memory. */
  readonly objectName: string
  readonly access: Access
  /** True if this handle created the memory, false if it opened it. */
  readonly created: boolean
  /** Bytes of the whole memory. On Windows, an opener sees them rounded up to whole pages. */
  readonly objectLength: number
  /** Bytes of the view, until `close`. */
  readonly viewLength: number
  /**
   * True if `buffer` and `bytes` show the memory. False in a heap that admits no foreign memory, on a system that cannot map into that
   * heap (Electron on Windows): then only `read` and `write` reach the memory, and `buffer` and `bytes` throw `NOT_SUPPORTED`.
   */
  readonly mapped: boolean
  /**
   * The view. Length 0 once closed. Posting it to a worker copies it: workers open the memory by name.
   *
   * In a heap that admits no foreign memory (Electron), the buffer has whole pages. It ends with private bytes after the view, and
   * begins before the view if `view.offset` is not a multiple of 64 KiB. `bytes` has exactly the view: use its `byteOffset` and
   * `byteLength`.
   */
  declare readonly buffer: ArrayBuffer
  /** The view, byte by byte. Length 0 once closed: reads give `undefined`, writes are ignored. */
  declare readonly bytes: Uint8Array
  readonly #segment: NativeSegment
  readonly #pages: HeapPages | undefined
  #closed = false

  static {
    segmentOf = (memory) => {
      if (#segment in memory) return memory.#segment
      throw new TypeError(
        'memory is no SharedMemory of this copy of @memlane/core. If the process has loaded two copies, use one of them only.',
      )
    }
  }

  private constructor(name: string, objectName: string, access: Access, created: boolean, segment: NativeSegment) {
    this.name = name
    this.objectName = objectName
    this.access = access
    this.created = created
    this.#segment = segment
    this.objectLength = segment.objectLength
    this.viewLength = segment.viewLength
    this.mapped = segment.buffer !== undefined || canTakePages(segment)
    if (segment.buffer !== undefined) {
      this.buffer = segment.buffer
      this.bytes = new Uint8Array(this.buffer)
    } else if (this.mapped) {
      this.#pages = attempt('map', name, objectName, () => heapPagesOf(segment))
      this.buffer = this.#pages.buffer
      this.bytes = this.#pages.bytes
    } else {
      const get = () => {
        throw notMapped(name)
      }
      Object.defineProperties(this, { buffer: { get }, bytes: { get } })
    }
  }

  /**
   * Creates memory of `length` bytes, all zero, and maps it. Blocks while the system reserves the pages (about a second for a
   * few GiB), so that memory cannot run out later. Blocks for a quarter of a second before it throws `NOT_READY`.
   *
   * @throws SharedMemoryError `ALREADY_EXISTS`, `NO_SPACE`, `INVALID_NAME`, `ACCESS_DENIED`, `PRIVILEGE_REQUIRED`,
   * `INVALID_SECURITY_DESCRIPTOR`, `NOT_SHARED_MEMORY`, `NOT_READY`, `NOT_SUPPORTED`, `SYSTEM`
   * @throws TypeError if an option is unknown or has the wrong type; RangeError if a number is out of its range
   */
  static create(name: string, length: number, options: CreateOptions = {}): SharedMemory {
    checkOptions('SharedMemory.create', options, createChecks)
    return SharedMemory.#create(name, length, options)
  }

  static #create(name: string, length: number, options: CreateOptions): SharedMemory {
    const objectName = resolveName(name)
    checkBytes('length', length, 1)
    const { mode = 0o600, securityDescriptor = '', persistent = false, initialize } = options
    const view = mapping(options)
    if (initialize && view.access !== 'readwrite') {
      throw new TypeError(`initialize needs access "readwrite", not "${view.access}"`)
    }
    const end = view.offset + (view.length ?? 1)
    if (end > length) throw new RangeError(`The view ends at byte ${end}, but the memory has ${length} bytes`)
    checkViewLength(view.length ?? length - view.offset)
    if (persistent && !capabilities.persistent) {
      throw new SharedMemoryError(
        'NOT_SUPPORTED',
        `Could not create shared memory "${name}": on this system, memory cannot outlive its last handle. Leave out persistent.`,
      )
    }
    const segment = attempt('create', name, objectName, () =>
      binding.create({ name: objectName, objectLength: length, persistent, mode, securityDescriptor, ...view }),
    )
    const memory = new SharedMemory(name, objectName, view.access, true, segment)
    try {
      if (initialize !== undefined) memory.#initialize(initialize)
      attempt('create', name, objectName, () => segment.publish())
    } catch (error) {
      memory.close()
      throw error
    }
    return memory
  }

  /**
   * Opens memory that another handle holds, and maps all of it, or the part that `view` gives. Never creates memory, and needs
   * no right to create it. Does not block, with one exception on Linux: for memory that another program made, or that is
   * `persistent`, it blocks while the system reserves missing pages.
   *
   * @throws SharedMemoryError `NOT_FOUND`, `ACCESS_DENIED`, `TOO_SHORT`, `TOO_LONG`, `INVALID_NAME`, `NO_SPACE` (no room in this
   * process to map it, or no memory for missing pages), `NOT_SHARED_MEMORY`, `NOT_SUPPORTED`, `SYSTEM`
   * @throws TypeError if an option is unknown or has the wrong type; RangeError if a number is out of its range
   */
  static open(name: string, options: OpenOptions = {}): SharedMemory {
    checkOptions('SharedMemory.open', options, openChecks)
    return SharedMemory.#open(name, options)
  }

  static #open(name: string, options: OpenOptions): SharedMemory {
    const objectName = resolveName(name)
    const view = mapping(options)
    if (view.length !== undefined) checkViewLength(view.length)
    const { trustOwner = false } = options
    const segment = attempt('open', name, objectName, () => binding.open({ name: objectName, trustOwner, ...view }))
    return new SharedMemory(name, objectName, view.access, false, segment)
  }

  /**
   * Opens the memory, or creates it if no process holds memory of that name: `created` tells which. Blocks as `create` does.
   * Existing memory must have at least `length` bytes. Only `length` bytes are mapped, unless `view` says otherwise.
   *
   * @throws SharedMemoryError, TypeError, RangeError as `create` and `open` do
   */
  static createOrOpen(name: string, length: number, options: CreateOptions & OpenOptions = {}): SharedMemory {
    checkOptions('SharedMemory.createOrOpen', options, createOrOpenChecks)
    checkBytes('length', length, 1)
    const view = options.view ?? { length }
    for (let attempts = 1; ; attempts++) {
      try {
        const memory = SharedMemory.#open(name, { ...options, view })
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
        return SharedMemory.#create(name, length, options)
      } catch (error) {
        // Another process was quicker: open its memory. It may be gone again at that moment, but hardly 1000 times in a row.
        if (!(error instanceof SharedMemoryError && error.code === 'ALREADY_EXISTS') || attempts === 1000) throw error
      }
    }
  }

  /**
   * Opens the memory, and waits for it to appear if it is missing. The wait uses no CPU if the system reports new objects
   * (Linux); elsewhere it checks ten times a second.
   *
   * @throws the signal's reason if it aborts; SharedMemoryError `TIMED_OUT` after `timeoutMs` (its `cause` tells what was
   * missing), and the errors of `open`
   * @throws TypeError, RangeError as `open` does
   */
  static async waitFor(name: string, options: OpenOptions & WaitOptions = {}): Promise<SharedMemory> {
    checkOptions('SharedMemory.waitFor', options, waitForChecks)
    return untilPresent(() => SharedMemory.#open(name, options), name, options)
  }

  /**
   * Removes the name of memory that outlives its handles: memory made with `persistent: true`, or by another program. Processes
   * that have opened the memory can still use it. Not on Windows.
   *
   * @throws SharedMemoryError `NOT_FOUND`, `IN_USE` (memory without `persistent`, and a handle is open), `ACCESS_DENIED`,
   * `NOT_SUPPORTED`, `INVALID_NAME`, `NOT_SHARED_MEMORY`, `SYSTEM`
   */
  static unlink(name: string): void {
    const objectName = resolveName(name)
    attempt('unlink', name, objectName, () => binding.unlink(objectName))
  }

  /**
   * Lists existing shared memory: on Linux, all regular files in `/dev/shm` except POSIX semaphores; on macOS, the memory that
   * memlane made, of this user and with `Global\` names; on Windows, the memory of this session and global memory.
   * Memory that a crash has left behind is removed. It is not listed, unless another process removes it at this moment.
   * Memory of other programs is not listed if memlane does not allow its name. Blocks: the time grows with the number of
   * entries.
   *
   * On Windows the list has only names. To learn more, `list` would have to open the memory, and that handle could keep it alive.
   *
   * @throws SharedMemoryError `NOT_SUPPORTED`, `SYSTEM`
   */
  static list(): SharedMemoryInfo[] {
    return attempt('list', '*', '*', () => binding.list())
      .map(({ name, counted, ...known }): SharedMemoryInfo => {
        return { name: nameOf(name, counted), objectName: name, ...known, lifetime: counted ? 'handles' : 'unlink' }
      })
      .filter(({ name, objectName }) => opens(name, objectName))
  }

  #initialize(initialize: Required<CreateOptions>['initialize']): void {
    const bytes = this.mapped ? this.bytes : new Uint8Array(this.viewLength)
    const pending: unknown = initialize(bytes.buffer as ArrayBuffer, bytes)
    if (pending instanceof Promise) throw new TypeError('initialize must fill the memory at once, not in a promise')
    if (!this.mapped) this.write(0, bytes)
  }

  /**
   * Copies bytes of the view into private memory. Works in every heap; where the memory is `mapped`, `bytes` is faster. Sees all that
   * was written before, and tears no number of 4 or 8 bytes that is aligned in both memories. A longer copy can mix old and new bytes.
   * Allocates nothing.
   *
   * @param offset bytes from the start of the view
   * @param target where to copy to, and how much
   * @throws SharedMemoryError `CLOSED`; RangeError if the bytes do not lie inside the view; TypeError for any other target
   */
  read(offset: number, target: ArrayBufferView): void {
    openSegmentOf(this).read(offset, this.#checkedBytes(offset, target))
  }

  /**
   * Copies bytes of private memory into the view. As `read`, in the other direction.
   *
   * @param offset bytes from the start of the view
   * @throws SharedMemoryError `CLOSED`; RangeError if the bytes do not lie inside the view; TypeError for any other source, or if the
   * memory was opened with `access: 'read'`
   */
  write(offset: number, source: ArrayBufferView): void {
    if (this.access === 'read') throw new TypeError(`shared memory "${this.name}" was opened with access "read"`)
    openSegmentOf(this).write(offset, this.#checkedBytes(offset, source))
  }

  #checkedBytes(offset: number, view: ArrayBufferView): Uint8Array {
    if (!ArrayBuffer.isView(view))
      throw new TypeError(`expected a typed array or a DataView, not ${describeValue(view)}`)
    const { buffer, byteOffset, byteLength } = view
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > this.viewLength - byteLength) {
      throw new RangeError(`${byteLength} bytes at offset ${offset} are not inside a view of ${this.viewLength} bytes`)
    }
    return view instanceof Uint8Array ? view : new Uint8Array(buffer, byteOffset, byteLength)
  }

  /** True once `close()` was called. */
  get closed(): boolean {
    return this.#closed
  }

  /**
   * Closes the handle: empties every view of the buffer first, then unmaps the memory. From then on a DataView over it throws
   * a TypeError, and a typed array has length 0. A second call does nothing.
   */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#pages === undefined) this.#segment.close()
    else this.#pages.close()
  }

  /** Same as `close()`, for `using`. */
  [dispose](): void {
    this.close()
  }

  /** Shown by console.log: no bytes. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const state = this.#closed ? 'closed' : `${this.viewLength} bytes, ${this.access}`
    return `SharedMemory ${JSON.stringify(this.name)} (${this.objectName}, ${state})`
  }
}

/** Calls the addon, and turns its failure into an error with an explanation. */
export function attempt<T>(verb: string, name: string, objectName: string, call: () => T): T {
  try {
    return call()
  } catch (failure) {
    throw explainFailure(failure, verb, name, objectName)
  }
}

function notMapped(name: string): SharedMemoryError {
  return new SharedMemoryError(
    'NOT_SUPPORTED',
    `Could not show shared memory "${name}" as an ArrayBuffer: the heap of this runtime admits no foreign memory, and this ` +
      'system cannot map into that heap. Use read(offset, target) and write(offset, source), or a region. ' +
      'For streams, start a process of Node.js.',
  )
}

function heapPagesOf(segment: NativeSegment): HeapPages {
  try {
    return new HeapPages(segment)
  } catch (error) {
    segment.close()
    throw error
  }
}

function isUser(user: unknown): boolean {
  return typeof user === 'string' ? /^S-1(-\d+)+$/.test(user) : typeof user === 'number' && user >>> 0 === user
}

function checkBytes(option: string, bytes: unknown, least: number): void {
  if (typeof bytes !== 'number') throw new TypeError(`${option} must be a number of bytes, not ${describeValue(bytes)}`)
  if (!Number.isSafeInteger(bytes) || bytes < least) {
    throw new RangeError(
      `${option} ${bytes} is not a whole number of bytes from ${least} to ${Number.MAX_SAFE_INTEGER}`,
    )
  }
}

function checkViewLength(length: number): void {
  if (length > capabilities.maxViewLength) {
    throw new RangeError(
      `A view of ${length} bytes is longer than an ArrayBuffer can be (${capabilities.maxViewLength} bytes). ` +
        'Map a part with view: { offset, length }.',
    )
  }
}

/** Gives the options of the view as the addon takes them. */
function mapping({ access = 'readwrite', view = {} }: MapOptions) {
  const { maxViewLength } = capabilities
  const offset = view.offset ?? 0
  return { access, offset, length: view.length, maxLength: maxViewLength, external: admitsForeignMemory }
}
