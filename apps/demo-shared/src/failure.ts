import { SharedMemoryError } from '@memlane/core'

/** The steps that can fail, each as a sentence without its full stop. */
export interface FailedSteps {
  /** A step on the memory itself: creating or opening it. */
  memory: string
  /** A step on the content of the memory. */
  content: string
}

/** Explains an error in two lines: the step that failed, with the system's error code, and then the error's message. */
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

/** Returns the exit code for an error: 2 for an invalid name, because then the command line is wrong; otherwise 1. */
export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof SharedMemoryError && error.code === 'INVALID_NAME' ? 2 : 1
}
