import { SharedMemory, SharedMemoryError, type SharedMemoryInfo } from '@memlane/core'
import type { SystemInspection } from './inspection.js'

/** All memory that the system lists, by the names of its objects. Empty if the system lists nothing. */
export function listedMemory(): ReadonlyMap<string, SharedMemoryInfo> {
  try {
    return new Map(SharedMemory.list().map((info) => [info.objectName, info]))
  } catch (error) {
    if (error instanceof SharedMemoryError && error.code === 'NOT_SUPPORTED') return new Map()
    throw error
  }
}

/** What the system tells of a memory. */
export function systemFacts(info: SharedMemoryInfo | undefined): SystemInspection | undefined {
  if (info === undefined) return undefined
  const { owner, mode, holders, pids, lifetime } = info
  return { owner, mode, holders, pids, lifetime }
}
