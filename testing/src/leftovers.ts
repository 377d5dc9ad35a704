import { readdirSync } from 'node:fs'
import { capabilities, SharedMemory } from '@memlane/core'

/**
 * Names of objects whose name contains a text and that still exist. On Linux it reads the folder, because
 * `SharedMemory.list()` removes orphans.
 */
export function leftovers(text: string): string[] {
  const names = capabilities.objectDirectory
    ? readdirSync(capabilities.objectDirectory)
    : SharedMemory.list().map((entry) => entry.objectName)
  return names.filter((name) => name.includes(text))
}
