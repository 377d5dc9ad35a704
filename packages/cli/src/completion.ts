import tab from '@bomb.sh/tab/commander'
import { SharedMemory } from '@memlane/core'
import type { Command as CommandLine } from 'commander'

/** Names that mean themselves in every shell. Any program may have made up a name: `$(reboot)` must not get into a command line. */
const PLAIN = /^[\p{L}\p{N}_.:@%+=,-]+$/u

/** Adds `completion SHELL`, which prints a script, and the hidden command that the script asks for completions. */
export function addCompletion(program: CommandLine): void {
  const root = tab(program, { completionCommandName: 'completion' })
  program.commands
    .find((command) => command.name() === 'completion')
    ?.description('print a script that completes commands, options and names')
  for (const command of root.commands.values()) {
    const name = command.arguments.get('name')
    if (name === undefined) continue
    name.handler = (complete) => {
      for (const { name, length } of SharedMemory.list()) {
        if (PLAIN.test(name)) complete(name, length === undefined ? '' : `${length} bytes`)
      }
    }
  }
}
