import { backlogOf, type Inspection, rateBetween, sidesOf } from '@memlane/inspect'
import type { MemorySummary } from './events.js'

/**
 * Summarizes a look at one memory.
 *
 * @param searched the same memory with its processes, as it was a while ago
 * @param before the look before, and how many milliseconds ago it was: without it, there are no rates
 */
export function summaryOf(
  memory: Inspection,
  searched: Inspection,
  before: Inspection | undefined,
  ms: number,
): MemorySummary {
  const { name, shape, length } = memory
  const { lagMessages, lagBytes, ageMs } = backlogOf(memory)
  const rate = rateBetween(before, memory, ms)
  return {
    name,
    shape,
    instance: 'instance' in memory ? memory.instance : undefined,
    schema: 'schema' in memory ? memory.schema?.name : undefined,
    length,
    ...sidesOf(searched),
    perSecond: rate?.perSecond,
    bytesPerSecond: rate?.bytesPerSecond,
    lagMessages,
    lagBytes,
    ageMs,
    findings: searched.findings,
  }
}
