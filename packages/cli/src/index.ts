import { processTerminal } from './process-terminal.js'
import { run } from './run.js'

/**
 * Runs the program `memlane` in this process: reads standard input, prints to standard output, and takes over SIGINT, SIGTERM and SIGHUP.
 * Does not end the process.
 *
 * @param argv the command line, without Node.js and the program
 * @returns the exit code: 0 done, 1 a check or the command failed, 2 the command line is wrong, 3 not found, 4 timed out. Errors are
 * printed and not thrown
 */
export function main(argv: readonly string[] = process.argv.slice(2)): Promise<number> {
  return run(argv, processTerminal())
}
