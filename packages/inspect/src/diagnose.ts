import { accessSync, constants, readFileSync, statfsSync, statSync } from 'node:fs'
import { arch, platform, release } from 'node:os'
import { dirname } from 'node:path'
import { capabilities, memoryBarrier, publishesPlainly, SharedMemory, SharedMemoryError } from '@memlane/core'
import { addonFile, checkOptions } from '@memlane/core/internal'
import type { Finding } from './finding.js'
import { finding, worstFirst } from './findings.js'
import { type InspectOptions, inspectChecks } from './inspect.js'
import { inspectAll } from './inspect-all.js'
import type { Inspection } from './inspection.js'

/** What `diagnose` has found. */
export interface Diagnosis {
  readonly system: SystemDiagnosis
  readonly memories: readonly Inspection[]
  /** The findings of the system, and those of each memory with its name. The worst comes first. */
  readonly findings: readonly (Finding & { readonly name: string | undefined })[]
}

/** The facts about this system that matter to memlane. What a system does not have is undefined. */
export interface SystemDiagnosis {
  /** `linux`, `darwin` or `win32`. */
  readonly system: string
  readonly architecture: string
  /** The runtime and its version: `node 20.19.2`, `bun 1.4.0`, `deno 2.9.0`. */
  readonly runtime: string
  /** The release of the kernel. */
  readonly kernel: string
  /** The addon that was loaded. */
  readonly binary: string
  /** The folder of the objects. */
  readonly folder: FolderDiagnosis | undefined
  /** Limits of this process, in bytes or descriptors; Infinity for none. */
  readonly limits: { readonly lockedMemory: number | undefined; readonly openFiles: number | undefined }
  /** True if the kernel's barrier reaches other processes (membarrier), so that producers publish without a fence. */
  readonly barrier: boolean
  /** True if this process publishes by plain stores. */
  readonly publishesPlainly: boolean
  /** False if this runtime cannot show shared memory as an ArrayBuffer: then only regions work here. */
  readonly showsBuffers: boolean
  /** Windows: whether this process may create `Global\` names. */
  readonly mayCreateGlobal: boolean | undefined
}

/** The folder that has the objects, such as /dev/shm. */
export interface FolderDiagnosis {
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly free: number
  /** Permission bits. */
  readonly mode: number
  /** True if this process may create objects there. */
  readonly writable: boolean
}

/** A folder that is smaller has the size that Docker gives it. */
const SMALL_FOLDER = 64 * 2 ** 20
/** Less free memory is soon used up. */
const LITTLE_FREE = 16 * 2 ** 20
const FEW_FILES = 256

/**
 * Looks at the system and at all memory: what is missing, and what is stuck. Makes a memory of its own for a moment, to see whether that
 * works. Blocks as `inspectAll`.
 *
 * @throws SharedMemoryError `SYSTEM` if the system lists no memory
 * @throws TypeError if an option is unknown or has the wrong type
 */
export function diagnose(options: InspectOptions = {}): Diagnosis {
  checkOptions('diagnose', options, inspectChecks)
  const trial = tryMemory('memlane-doctor')
  const system = lookAtSystem(trial)
  const memories = inspectAll(options)
  const findings = [
    ...systemFindings(system, trial).map((each) => ({ ...each, name: undefined })),
    ...memories.flatMap(({ name, findings }) => findings.map((each) => ({ ...each, name }))),
  ]
  return { system, memories, findings: worstFirst(findings) }
}

interface Trial {
  readonly mapped: boolean | undefined
  readonly error: SharedMemoryError | undefined
}

/** Tries to make memory. */
function tryMemory(name: string): Trial {
  try {
    using memory = SharedMemory.create(`${name}-${process.pid}-${Date.now()}`, 4096)
    return { mapped: memory.mapped, error: undefined }
  } catch (error) {
    if (!(error instanceof SharedMemoryError)) throw error
    return { mapped: undefined, error }
  }
}

function lookAtSystem({ mapped }: Trial): SystemDiagnosis {
  return {
    system: platform(),
    architecture: arch(),
    runtime: runtime(),
    kernel: release(),
    binary: addonFile,
    folder: lookAtFolder(),
    limits: { lockedMemory: limitOf('Max locked memory'), openFiles: limitOf('Max open files') },
    barrier: memoryBarrier(),
    publishesPlainly,
    showsBuffers: mapped !== false,
    mayCreateGlobal:
      capabilities.namespace === 'windows'
        ? tryMemory('Global\\memlane-doctor').error?.code !== 'PRIVILEGE_REQUIRED'
        : undefined,
  }
}

function runtime(): string {
  const { bun, deno, node } = process.versions
  return bun !== undefined ? `bun ${bun}` : deno !== undefined ? `deno ${deno}` : `node ${node}`
}

function lookAtFolder(): FolderDiagnosis | undefined {
  const object = capabilities.objectPath('/memlane-doctor')
  if (object === undefined || object === '') return undefined
  const path = dirname(object)
  try {
    const { bsize, blocks, bavail } = statfsSync(path)
    return {
      path,
      size: bsize * blocks,
      free: bsize * bavail,
      mode: statSync(path).mode & 0o7777,
      writable: isWritable(path),
    }
  } catch {
    return undefined
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A limit of this process, from Linux' /proc. */
function limitOf(name: string): number | undefined {
  let limits: string
  try {
    limits = readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return undefined
  }
  const [, value] = new RegExp(`^${name} +(\\d+|unlimited)`, 'm').exec(limits) ?? []
  return value === undefined ? undefined : value === 'unlimited' ? Infinity : Number(value)
}

function systemFindings(
  { folder, limits, barrier, mayCreateGlobal }: SystemDiagnosis,
  { mapped, error }: Trial,
): Finding[] {
  const findings: Finding[] = []
  const add = (severity: Finding['severity'], message: string) => findings.push(finding('SYSTEM', severity, message))
  if (error !== undefined) add('error', `No memory can be made here: ${error.message}`)
  if (folder !== undefined) {
    const { path, size, free, mode, writable } = folder
    if (!writable) add('error', `This user may not create files in ${path}.`)
    if (free < LITTLE_FREE) add('warning', `${path} has ${free} bytes free, of ${size}. Close memory, or enlarge it.`)
    if (size <= SMALL_FOLDER) {
      add(
        'note',
        `${path} has ${size} bytes in all. Docker gives a container so little by default: start it with --shm-size.`,
      )
    }
    if ((mode & 0o1002) === 0o0002) {
      add('warning', `${path} lacks the sticky bit: any user can remove the memory of others. Run chmod +t ${path}.`)
    }
  }
  const { openFiles } = limits
  if (openFiles !== undefined && openFiles < FEW_FILES) {
    add(
      'warning',
      `This process may open ${openFiles} files. Each memory, lane and doorbell takes some: raise the limit (ulimit -n).`,
    )
  }
  if (!barrier && capabilities.reachesOthersByBarrier) {
    add(
      'note',
      'The kernel or a sandbox refuses membarrier(2). Everything works, and producers and sleeps take a little longer.',
    )
  }
  if (mapped === false) {
    add(
      'warning',
      'The heap of this runtime admits no foreign memory, and the system cannot map into it. Only regions work here.',
    )
  }
  if (mayCreateGlobal === false) {
    add('note', 'This process may not create Global\\ names: that needs SeCreateGlobalPrivilege. Local\\ names work.')
  }
  return findings
}
