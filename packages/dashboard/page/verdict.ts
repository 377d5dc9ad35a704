import type { Finding } from '@memlane/inspect'
import type { Tone } from './keyed-rows.js'

/** The state of a memory in one word or two: its worst finding. */
export function verdictOf(findings: readonly Finding[]): { text: string; tone: Tone } {
  const worst = findings.find(({ severity }) => severity !== 'note')
  if (worst === undefined) return { text: '✓ ok', tone: 'good' }
  const text = worst.code.toLowerCase().replaceAll('_', ' ')
  return worst.severity === 'error' ? { text: `✕ ${text}`, tone: 'bad' } : { text: `! ${text}`, tone: 'warning' }
}
