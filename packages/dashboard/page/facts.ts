import type { Inspection } from '@memlane/inspect'
import { showTiles } from './tiles.js'
import { exactNumber } from './units.js'

/** Shows the sizes and options of a memory, and what the system tells of it. */
export function showFacts(list: HTMLElement, memory: Inspection): void {
  const facts: [name: string, value: unknown][] = [
    ["system's name", memory.objectName],
    ['length', memory.length],
    ...('geometry' in memory ? Object.entries(memory.geometry) : []),
    ['schema hash', 'schema' in memory ? memory.schema?.hash : undefined],
    ['instance', 'instance' in memory ? memory.instance : undefined],
    ['first bytes', 'start' in memory ? memory.start : undefined],
    ['user id of the owner', memory.system?.owner],
    ['mode', memory.system?.mode?.toString(8).padStart(4, '0')],
    ['open handles', memory.system?.holders],
    ['held by processes', memory.system?.pids.join(', ')],
    ['lives until', memory.system?.lifetime === 'unlink' ? 'it is unlinked' : 'its last handle is closed'],
  ]
  const known = facts.filter(([, value]) => value !== undefined && value !== '')
  showTiles(
    list,
    known.map(([name, value]) => ({
      label: inWords(name),
      value: typeof value === 'number' ? exactNumber(value) : String(value),
    })),
  )
}

/** `maxMessageLength` → `max message length`. */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
