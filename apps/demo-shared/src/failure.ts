import { SharedMemoryError } from '@memlane/core'

/** What could not be done, as a sentence without its stop. */
export interface FailedSteps {
  /** With the memory itself. */
  memory: string
  /** With what is in it. */
  content: string
}

/** Two lines about what went wrong: which step, with the system's code, and what that means. */
export function explainFailure(error: unknown, steps: FailedSteps): string {
  const help = error instanceof Error ? error.message : String(error)
  return `${failedStep(error, steps)}.\n${help}`
}

function failedStep(error: unknown, { memory, content }: FailedSteps): string {
  if (!(error instanceof SharedMemoryError)) return content
  return `${isMapping(error) ? 'Could not map view of file' : memory} (${error.osCode ?? error.code})`
}

function isMapping({ code, syscall }: SharedMemoryError): boolean {
  return code === 'TOO_SHORT' || syscall === 'mmap' || syscall === 'MapViewOfFile'
}

/** The exit code for an error: 2 for a name that no memory can have, because then the command line is wrong. */
export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof SharedMemoryError && error.code === 'INVALID_NAME' ? 2 : 1
}
