import type { Finding } from '@memlane/inspect'
import type { Output } from './output.js'

const TONES = { error: 'red', warning: 'yellow', note: 'dim' } as const

interface PrintedFinding {
  readonly severity: Finding['severity']
  readonly code: string
  readonly message: string
  readonly name?: string | undefined
}

/** Prints findings in their order: severity, code, the memory if there are several, and the sentence. */
export function printFindings(findings: readonly PrintedFinding[], out: Output): void {
  for (const { severity, code, name, message } of findings) {
    out.line([severity, code, ...(name === undefined ? [] : [name]), message], TONES[severity])
  }
}
