import { createRequire } from 'node:module'
import { CommanderError, Command as CommandLine } from 'commander'
import type { Command } from './command.js'
import { commands } from './commands.js'
import { addCompletion } from './completion.js'
import { errorLine } from './error-line.js'
import { EXIT, exitCodeOf, UsageError } from './exit-code.js'
import { Output } from './output.js'
import type { Terminal } from './terminal.js'

const { version } = createRequire(import.meta.url)('../package.json') as { version: string }

const NOTES = `
Looking takes no place in a channel, and neither slows down its producers nor wakes anybody.

Without a terminal, tables have tabs between their columns. --json prints JSON: one object, or one per line.
NO_COLOR turns colours off.

Exit codes: 0 done, 1 a check or the command failed, 2 the command line is wrong, 3 not found, 4 timed out.`

/**
 * Runs one command line, such as `['tail', 'quotes', '--json']`.
 *
 * @returns the exit code: 0 done, 1 a check or the command failed, 2 the command line is wrong, 3 not found, 4 timed out. Errors are
 * printed and never thrown
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = EXIT.OK
  const program = newProgram(terminal)
  for (const command of commands) {
    const line = program
      .command(command.name)
      .summary(command.summary)
      .description(`${capitalized(command.summary)}.`)
    command.declare?.(line)
    line.option('--json', 'print JSON').action(async (...values: unknown[]) => {
      const positional = values.slice(0, -2).flat() as (string | undefined)[]
      exitCode = await execute(command, terminal, positional, line.opts())
    })
  }
  addCompletion(program)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.OK : EXIT.USAGE
    terminal.errors.write(`${errorLine(terminal.signal.aborted ? new Error('Interrupted.') : error)}\n`)
    return exitCodeOf(error)
  }
}

function newProgram({ output, errors }: Terminal): CommandLine {
  return new CommandLine('memlane')
    .description('Shows named shared memory and what goes through it, and works on it by hand.')
    .version(version)
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .addHelpText('after', NOTES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.write(text),
      writeErr: (text) => errors.write(text),
      getOutHelpWidth: () => output.columns ?? 120,
      getErrHelpWidth: () => errors.columns ?? 120,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(usageLine(text)),
    })
}

/** Makes one line of commander's message. */
function usageLine(text: string): string {
  const message = text.replace(/^error: /, '').trim()
  return `${errorLine(new UsageError(`${message}${/[.?)]$/.test(message) ? '' : '.'} Add --help to see the usage.`))}\n`
}

const capitalized = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

async function execute(
  command: Command,
  terminal: Terminal,
  positional: readonly (string | undefined)[],
  { json = false, ...options }: { json?: boolean },
) {
  if (command.watches) terminal.lowerPriority()
  const out = new Output(terminal, json)
  const exitCode: unknown = await command.run({ out, terminal, signal: terminal.signal }, positional, options)
  await out.drained()
  return typeof exitCode === 'number' ? exitCode : EXIT.OK
}
