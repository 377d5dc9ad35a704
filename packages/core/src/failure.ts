import { constants } from 'node:os'
import { capabilities } from './capabilities.js'
import type { SystemErrorCode } from './error-codes.js'
import { SharedMemoryError } from './errors.js'

/** What the addon throws. */
interface NativeFailure extends Error {
  code: SystemErrorCode
  syscall: string
  osCode: number
  requested: number
  available: number
  owner: string
  /** `NO_SPACE`: the limit that was reached. Empty for the size of the folder, and for the machine's memory. */
  limit: '' | 'cgroup' | 'RLIMIT_FSIZE'
}

/** Makes the addon's error into one that says what was tried, with the numbers, and what to do next. */
export function explainFailure(failure: unknown, verb: string, name: string, objectName: string): SharedMemoryError {
  const native = failure as NativeFailure
  const { code, syscall, osCode, owner } = native
  const sized = (code === 'NO_SPACE' && native.requested !== 0) || code === 'TOO_SHORT' || code === 'TOO_LONG'
  const message = `Could not ${verb} shared memory "${name}" (${objectName}): ${explanation(native)}`
  return new SharedMemoryError(code, owner ? `${message} It belongs to user ${owner}.` : message, {
    syscall,
    osCode,
    requested: sized ? native.requested : undefined,
    available: sized ? native.available : undefined,
    cause: failure,
  })
}

function explanation(failure: NativeFailure): string {
  const { code, message, osCode, requested, available } = failure
  const system = `${message.replace(/\.$/, '')} (${osCode}).`
  switch (code) {
    case 'NOT_FOUND':
      return `no process holds memory of that name. Start the process that creates it first, or wait for it. ${system}`
    case 'ALREADY_EXISTS':
      return `the name is taken. Open the existing memory, or choose another name. ${system}`
    case 'ACCESS_DENIED':
      return `${denial(failure)} ${system}`
    case 'PRIVILEGE_REQUIRED':
      return `creating a Global\\ name needs the privilege SeCreateGlobalPrivilege, which administrators and services have. Run this process elevated, or use a Local\\ name, which reaches all processes of this login session. ${system}`
    case 'NOT_SHARED_MEMORY':
      return `the name, or one that memlane derives from it, belongs to an object of another kind. Choose another name. ${system}`
    case 'NO_SPACE':
      return `${shortage(failure)} ${system}`
    case 'TOO_SHORT':
      return `${requested} bytes asked for, ${available} bytes there.`
    case 'TOO_LONG':
      return `it has ${requested} bytes; an ArrayBuffer can have ${available}. Map a part with view: { offset, length }.`
    case 'NOT_READY':
      return `a stopped process has not finished removing the old memory of that name, or its folder of bells and leases. Let that process continue, or end it. ${system}`
    case 'IN_USE':
      return `it is not persistent, and a process still holds it. Close its handles; the last one removes it. ${system}`
    default:
      return system
  }
}

/** The calls that open a bell or a lease on Windows. */
const companionCalls = ['CreateEventExW', 'CreateSemaphoreExW', 'OpenSemaphoreW', 'OpenEventW', 'OpenProcess']

function denial({ syscall, owner, osCode }: NativeFailure): string {
  if (companionCalls.includes(syscall)) {
    return owner
      ? 'another user has taken the name of a bell or a lease, and the memory does not admit that user. Choose another name.'
      : 'the permissions of a bell or a lease, or of the process that holds it, do not admit this process.'
  }
  if (owner) return 'another user made it. If you expect that, name the owner in trustOwner.'
  if (capabilities.objectDirectory && osCode === constants.errno.EROFS) {
    return `${capabilities.objectDirectory} is mounted read-only. Mount it for writing; memory that is there can be opened with access: 'read'.`
  }
  if (capabilities.permissions === 'mode') {
    return 'access denied: it belongs to another user, or does not allow this access, or is a symbolic link.'
  }
  return (
    'its permissions do not admit this process, or hide its owner. Its creator can admit other users with ' +
    'securityDescriptor, for example "D:(A;;GA;;;WD)" for everybody: memory of an elevated process admits only ' +
    'administrators by default. Use trustOwner: true for memory that hides its owner.'
  )
}

function shortage({ syscall, requested, available, limit }: NativeFailure): string {
  if (syscall === 'mmap') {
    return "this process has no room left to map it. Map a part of it (view), or raise the process's limit (ulimit -v)."
  }
  if (syscall === 'WebAssembly.Memory') {
    return 'the heap of this runtime admits no foreign memory and has no room left for the pages of one more view. It has room for about 120 views. Close others, or map a smaller part (view).'
  }
  const folder = capabilities.objectDirectory
  const paging = 'close other programs, or make the paging file larger'
  const room = folder ? `make room in ${folder}` : capabilities.namespace === 'posix' ? 'make room on the disk' : paging
  const docker = folder ? ' In Docker, start the container with a larger --shm-size; it is 64 MB by default.' : ''
  if (requested === 0) return `there is no room for another file. To continue, ${room}.${docker}`
  const asked = `${requested} bytes asked for,`
  if (limit === 'cgroup') {
    return `${asked} but the memory limit of this container or service (cgroup) leaves ${available} bytes. Ask for less, or raise the limit (Docker: --memory; systemd: MemoryMax).`
  }
  if (limit === 'RLIMIT_FSIZE') {
    return `${asked} but this process may make no file longer than ${available} bytes (RLIMIT_FSIZE). Raise that limit (ulimit -f).`
  }
  return `${asked} ${available} bytes free. Ask for less, or ${room}.${docker}`
}
