import { UsageError } from './exit-code.js'
import { printable } from './printable.js'

/** Makes one line of an error: its code and its message, which says what to do next. */
export function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return `memlane: ${codeOf(error)}: ${printable(message.trim().replace(/\s*\n\s*/g, ' '))}`
}

function codeOf(error: unknown): string {
  if (error instanceof UsageError) return 'USAGE'
  const { code } = (error ?? {}) as { code?: unknown }
  if (typeof code === 'string') return code
  return error instanceof TypeError || error instanceof RangeError ? 'INVALID_VALUE' : 'FAILED'
}
