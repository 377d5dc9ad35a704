import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { capabilities, SharedMemory } from '@memlane/core'
import type { Command } from '../command.js'

const NOTES = `
A crash of all processes that hold a memory can leave its file behind. Creating or listing memory removes such files, too.
Memory that is in use, persistent, or of another program stays. On Windows, nothing is ever left behind.`

export const clean: Command = {
  name: 'clean',
  summary: 'remove what dead processes have left behind',
  declare(line) {
    line.addHelpText('after', NOTES)
  },
  async run({ out }) {
    const before = files()
    SharedMemory.list() // removes orphans
    const after = files()
    const removed = [...before].filter((file) => !after.has(file)).sort()
    if (out.json) out.object({ removed })
    else if (removed.length === 0) out.line('Nothing was left behind.')
    else for (const file of removed) out.line(`Removed ${file}`)
  },
}

/** The files in the folders of objects: those of this user, and those of all users. */
function files(): Set<string> {
  const paths = [`/X.${process.getuid?.()}`, '/X'].map(capabilities.objectPath).filter((path) => path !== undefined)
  const folders = new Set(paths.map((path) => dirname(path)))
  return new Set([...folders].flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`)))
}
