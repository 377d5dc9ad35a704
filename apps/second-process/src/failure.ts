import { SharedMemoryError } from '@memlane/core'

/** Two lines about what went wrong: which step, with the system's code, and what that means. */
export function explainFailure(error: unknown): string {
  const help = error instanceof Error ? error.message : String(error)
  return `${failedStep(error)}\n${help}`
}

function failedStep(error: unknown): string {
  if (!(error instanceof SharedMemoryError)) return 'Could not show the message.'
  const code = error.osCode ?? error.code
  return isMapping(error) ? `Could not map view of file (${code}).` : `Could not open file mapping object (${code}).`
}

function isMapping({ code, syscall }: SharedMemoryError): boolean {
  return code === 'TOO_SHORT' || syscall === 'mmap' || syscall === 'MapViewOfFile'
}
