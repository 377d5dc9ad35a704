import { SharedMemoryError } from '@memlane/core'

/** The exit codes of every command. */
export const EXIT = {
  OK: 0,
  /** A check has failed (`doctor`), or the command could not do its work. */
  FAILED: 1,
  /** The command line is wrong. */
  USAGE: 2,
  /** No memory, key, procedure or recording of that name exists. */
  NOT_FOUND: 3,
  TIMED_OUT: 4,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** An error whose cause is the command line: an option, an argument, a condition. */
export class UsageError extends Error {}

/** An error with a code and an exit code of its own. The message says what to do next. */
export class CommandError extends Error {
  readonly code: string
  readonly exitCode: ExitCode

  constructor(code: string, message: string, exitCode: ExitCode = EXIT.FAILED) {
    super(message)
    this.code = code
    this.exitCode = exitCode
  }
}

/** Returns the exit code of an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode
  if (error instanceof UsageError) return EXIT.USAGE
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return EXIT.NOT_FOUND
  if (!(error instanceof SharedMemoryError)) return EXIT.FAILED
  if (error.code === 'NOT_FOUND' || error.code === 'NOT_RECORDED') return EXIT.NOT_FOUND
  if (error.code === 'TIMED_OUT') return EXIT.TIMED_OUT
  return error.code === 'INVALID_NAME' ? EXIT.USAGE : EXIT.FAILED
}
