import { readFileSync } from 'node:fs'

/** What the system shows of a process. Nothing on systems without Linux' /proc. */
export interface ProcessFacts {
  /** Its command line. */
  readonly command: string | undefined
  readonly stopped: boolean | undefined
}

const MAX_COMMAND_LENGTH = 1000

/** Reads what /proc shows of a process. */
export function processFacts(pid: number): ProcessFacts {
  const status = read(`/proc/${pid}/stat`)
  const line = read(`/proc/${pid}/cmdline`)?.replace(/\0+$/, '').replaceAll('\0', ' ').slice(0, MAX_COMMAND_LENGTH)
  // The state follows the name of the program, which stands in brackets and may contain any character.
  const state = status?.slice(status.lastIndexOf(')') + 2)[0]
  return { command: line || undefined, stopped: state === undefined ? undefined : state === 'T' || state === 't' }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
