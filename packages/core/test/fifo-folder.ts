import { readdirSync, statSync } from 'node:fs'
import { capabilities } from '../src/index.js'

/** The path of the folder of a memory's bells and leases on Linux, given the path of the memory's file. */
export function fifoFolderOf(path: string): string {
  return `${capabilities.objectDirectory}/.memlane.${statSync(path).ino}`
}

/** The files in such a folder; none if there is no folder. */
export function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}
