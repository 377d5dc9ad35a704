import { UsageError } from './exit-code.js'
import { printable } from './printable.js'

/** Makes one line of an error: its code and its message, which says what to do next. */
export function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const code = codeOf(error)
  const text = message.trim().replace(/\s*\n\s*/g, ' ')
  // Messages of Node.js begin with their code.
  return printable(`memlane: ${code}: ${text.startsWith(`${code}: `) ? text.slice(code.length + 2) : text}`)
}

function codeOf(error: unknown): string {
  if (error instanceof UsageError) return 'USAGE'
  const { code } = (error ?? {}) as { code?: unknown }
  if (typeof code === 'string') return code
  return error instanceof TypeError || error instanceof RangeError ? 'INVALID_VALUE' : 'FAILED'
}
