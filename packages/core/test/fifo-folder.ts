import { readdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** The path of the folder of a memory's bells and leases on POSIX systems, given the path of the memory's file. */
export function fifoFolderOf(path: string): string {
  return `${dirname(path)}/.memlane.${statSync(path).ino}`
}

/** The files in such a folder; none if there is no folder. */
export function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}
