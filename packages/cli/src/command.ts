import type { Command as CommandLine } from 'commander'
import type { ExitCode } from './exit-code.js'
import type { Output } from './output.js'
import type { Terminal } from './terminal.js'

/** What a command works with. */
export interface Context {
  readonly out: Output
  readonly terminal: Terminal
  /** Aborts when the command must end. A command that runs until then returns normally. */
  readonly signal: AbortSignal
}

/**
 * One command. Each has a file of its own in `commands/`, and its entry in `commands.ts`. Its file imports nothing that takes long to
 * load: `run` does that.
 *
 * @typeParam Options the values of the options that `declare` adds
 */
export interface Command<Options = object> {
  readonly name: string
  /** One line for the list of commands: begins with a verb, has no full stop. */
  readonly summary: string
  /** True for a command that watches for long: it gets less CPU time than the processes that it watches. */
  readonly watches?: boolean
  /** Adds arguments, options and notes. `--json` and `--help` are there already. */
  declare?(line: CommandLine): void
  /**
   * Does the work.
   *
   * @param positional the arguments in their order; missing ones are undefined
   * @returns the exit code; nothing means 0
   * @throws any error: the caller prints it in one line
   */
  run(
    context: Context,
    positional: readonly (string | undefined)[],
    options: Options,
  ): Promise<void> | Promise<ExitCode>
}
