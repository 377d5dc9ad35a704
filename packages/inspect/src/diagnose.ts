import type { Finding } from './finding.js'
import type { InspectOptions } from './inspect.js'
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
  /** True if the heap of this runtime shows shared memory as an ArrayBuffer. */
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

/** Looks at the system and at all memory: what is missing, and what is stuck. Blocks as `inspectAll`. */
export function diagnose(_options: InspectOptions = {}): Diagnosis {
  throw new Error('not implemented yet')
}
