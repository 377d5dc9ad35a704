import { SharedMemory, SharedMemoryError, type SharedMemoryInfo } from '@memlane/core'
import { checkFunction, checkOptions, type OptionChecks } from '@memlane/core/internal'
import { finding } from './findings.js'
import { type InspectOptions, inspectChecks, inspectListed } from './inspect.js'
import type { Inspection } from './inspection.js'
import { systemFacts } from './system-facts.js'

/** Which memory to look at, and how. */
export interface InspectAllOptions extends InspectOptions {
  /** Says by its name whether to look at a memory. Memory that is left out is not opened. Default: all memory. */
  filter?: (name: string) => boolean
}

const inspectAllChecks: OptionChecks<InspectAllOptions> = { ...inspectChecks, filter: checkFunction }

/**
 * Looks into all shared memory that the system lists: see `inspect`. Memory that cannot be read is listed as `unreadable`. Sorted by name.
 *
 * Windows lists names only. Each look there opens the memory for a moment, and can so delay its end.
 *
 * @throws SharedMemoryError `NOT_SUPPORTED`, `SYSTEM` if the system lists nothing
 * @throws TypeError if an option is unknown or has the wrong type
 */
export function inspectAll(options: InspectAllOptions = {}): Inspection[] {
  checkOptions('inspectAll', options, inspectAllChecks)
  const { filter = () => true } = options
  const listed = new Map(SharedMemory.list().map((info) => [info.objectName, info]))
  return [...listed.values()]
    .filter(({ name }) => filter(name))
    .flatMap((info) => inspectIfThere(info, options, listed))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Nothing if the memory has gone meanwhile. */
function inspectIfThere(
  info: SharedMemoryInfo,
  options: InspectOptions,
  listed: ReadonlyMap<string, SharedMemoryInfo>,
): Inspection[] {
  const { name, objectName, length } = info
  try {
    return [inspectListed(name, options, listed)]
  } catch (error) {
    if (!(error instanceof SharedMemoryError)) throw error
    const { code, message } = error
    if (code === 'NOT_FOUND') return []
    const findings = [finding('UNREADABLE', code === 'CORRUPT' ? 'error' : 'note', message)]
    return [{ name, objectName, length, shape: 'unreadable', code, system: systemFacts(info), findings }]
  }
}
