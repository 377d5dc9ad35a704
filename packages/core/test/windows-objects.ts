/** Windows objects as other programs and other users make them. memlane makes none of these, so this calls Windows itself. */
import koffi from 'koffi'

const CREATED = 0
const ALREADY_EXISTS = 183
const PERMISSIONS = 4
const KERNEL_OBJECT = 6
const PAGE_READWRITE = 4
const REVISION = 1

koffi.struct('SECURITY_ATTRIBUTES', { length: 'uint32', descriptor: 'void *', inherit: 'int32' })
const kernel32 = koffi.load('kernel32.dll')
const advapi32 = koffi.load('advapi32.dll')

const calls = {
  lastError: kernel32.func('uint32 __stdcall GetLastError()'),
  setLastError: kernel32.func('void __stdcall SetLastError(uint32 error)'),
  close: kernel32.func('int __stdcall CloseHandle(void *handle)'),
  currentProcess: kernel32.func('void * __stdcall GetCurrentProcess()'),
  createEvent: kernel32.func(
    'void * __stdcall CreateEventW(SECURITY_ATTRIBUTES *attributes, int manual, int set, str16 name)',
  ),
  createSemaphore: kernel32.func(
    'void * __stdcall CreateSemaphoreW(SECURITY_ATTRIBUTES *attributes, int32 count, int32 maximum, str16 name)',
  ),
  createSection: kernel32.func(
    'void * __stdcall CreateFileMappingW(void *file, SECURITY_ATTRIBUTES *attributes, uint32 protection, uint32 high, uint32 low, str16 name)',
  ),
  createFile: kernel32.func(
    'void * __stdcall CreateFileW(str16 path, uint32 access, uint32 share, void *attributes, uint32 disposition, uint32 flags, void *template)',
  ),
  openEvent: kernel32.func('void * __stdcall OpenEventW(uint32 access, int inherit, str16 name)'),
  openSemaphore: kernel32.func('void * __stdcall OpenSemaphoreW(uint32 access, int inherit, str16 name)'),
  security: advapi32.func(
    'uint32 __stdcall GetSecurityInfo(void *handle, int type, uint32 parts, void *a, void *b, void *c, void *d, _Out_ void **descriptor)',
  ),
  toDescriptor: advapi32.func(
    'int __stdcall ConvertStringSecurityDescriptorToSecurityDescriptorW(str16 text, uint32 revision, _Out_ void **descriptor, void *length)',
  ),
  toText: advapi32.func(
    'int __stdcall ConvertSecurityDescriptorToStringSecurityDescriptorW(void *descriptor, uint32 revision, uint32 parts, _Out_ str16 *text, void *length)',
  ),
}

type Kind = 'event' | 'semaphore'

/** A handle of an object that is not memlane's. */
export class ForeignObject implements Disposable {
  readonly #handle: unknown

  private constructor(handle: unknown, what: string) {
    this.#handle = handle
    const error = calls.lastError()
    if (!handle || error === ALREADY_EXISTS) throw new Error(`Could not create ${what}: ${error}`)
  }

  static event(name: string, sddl?: string): ForeignObject {
    calls.setLastError(CREATED)
    return new ForeignObject(calls.createEvent(attributes(sddl), 0, 0, name), `event ${name}`)
  }

  static semaphore(name: string, count: number, maximum: number, sddl?: string): ForeignObject {
    calls.setLastError(CREATED)
    return new ForeignObject(calls.createSemaphore(attributes(sddl), count, maximum, name), `semaphore ${name}`)
  }

  static section(name: string, length: number, sddl?: string): ForeignObject {
    calls.setLastError(CREATED)
    const handle = calls.createSection(-1, attributes(sddl), PAGE_READWRITE, 0, length, name)
    return new ForeignObject(handle, `section ${name}`)
  }

  /** A section over a file that exists, as long as the file. */
  static sectionOver(path: string, name: string): ForeignObject {
    const [readAndWrite, shareAll, existing] = [0xc0000000, 7, 3]
    const file = calls.createFile(path, readAndWrite, shareAll, null, existing, 0, null)
    calls.setLastError(CREATED)
    const handle = calls.createSection(file, null, PAGE_READWRITE, 0, 0, name)
    const object = new ForeignObject(handle, `section ${name}`)
    calls.close(file)
    return object
  }

  [Symbol.dispose](): void {
    calls.close(this.#handle)
  }
}

function attributes(sddl: string | undefined) {
  if (sddl === undefined) return null
  const descriptor = [null]
  if (!calls.toDescriptor(sddl, REVISION, descriptor, null)) throw new Error(`Invalid SDDL ${sddl}`)
  return { length: 24, descriptor: descriptor[0], inherit: 0 }
}

function open(kind: Kind, name: string, rights: number): unknown {
  return kind === 'event' ? calls.openEvent(rights, 0, name) : calls.openSemaphore(rights, 0, name)
}

/** Opens an object with some rights and closes it. Gives 0 or the system's error. */
export function tryToOpen(kind: Kind, name: string, rights: number): number {
  calls.setLastError(0)
  const handle = open(kind, name, rights)
  const error: number = calls.lastError()
  if (handle) calls.close(handle)
  return handle ? 0 : error
}

function permissions(handle: unknown): string {
  const descriptor = [null]
  const text = ['']
  const error = calls.security(handle, KERNEL_OBJECT, PERMISSIONS, null, null, null, null, descriptor)
  if (error !== 0) throw new Error(`GetSecurityInfo: ${error}`)
  calls.toText(descriptor[0], REVISION, PERMISSIONS, text, null)
  return text[0] ?? ''
}

/** The permissions of an object, as SDDL. */
export function permissionsOf(kind: Kind, name: string): string {
  const readControl = 0x20000
  const handle = open(kind, name, readControl)
  if (!handle) throw new Error(`Could not open ${kind} ${name}: ${calls.lastError()}`)
  try {
    return permissions(handle)
  } finally {
    calls.close(handle)
  }
}

export function permissionsOfThisProcess(): string {
  return permissions(calls.currentProcess())
}
