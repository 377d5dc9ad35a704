import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { capabilities, SharedMemory } from '@memlane/core'

/** The folders in which objects lie: those of this user, and those of all users. None if objects are no files. */
const folders = new Set(
  [`/X.${process.getuid?.()}`, '/X'].flatMap((name) => {
    const path = capabilities.objectPath(name)
    return path === undefined ? [] : [dirname(path)]
  }),
)

/**
 * Names of objects, or of their files, that contain a text and still exist. Reads the folders if there are any, because
 * `SharedMemory.list()` removes orphans.
 */
export function leftovers(text: string): string[] {
  const names =
    folders.size > 0
      ? [...folders].flatMap((folder) => readdirSync(folder))
      : SharedMemory.list().map((entry) => entry.objectName)
  return names.filter((name) => name.includes(text))
}
