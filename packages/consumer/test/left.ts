import { readdirSync } from 'node:fs'
import { capabilities, SharedMemory } from '@memlane/core'

/** What is left of memory whose name begins so: looked up in the folder where there is one, as listing clears orphans. */
export function left(prefix: string): string[] {
  const names = capabilities.objectDirectory
    ? readdirSync(capabilities.objectDirectory)
    : SharedMemory.list().map((entry) => entry.name)
  return names.filter((name) => name.startsWith(prefix))
}
