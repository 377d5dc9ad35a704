import { SharedMemory } from '@memlane/core'
import type { Command } from '../command.js'

const NOTES = `
Only memory that outlives its processes needs this: memory that was created with persistent: true or by another
program. Other memory is gone when its last process has closed it or died.`

export const rm: Command = {
  name: 'rm',
  summary: 'remove persistent memory, or memory of another program',
  declare(line) {
    line.argument('<name>', 'the name of the memory').addHelpText('after', NOTES)
  },
  async run({ out }, [name = '']) {
    SharedMemory.unlink(name)
    if (out.json) out.object({ name, removed: true })
    else out.line(`Removed ${name}.`)
  },
}
