import { JOINED_WRITER_SLOTS, ONLY_WRITER_SLOT } from '@memlane/channel'
import { Lease, type OpenOptions, SharedMemory } from '@memlane/core'
import { participantFindings } from './findings.js'
import { hexOf } from './hex.js'
import type { BytesInspection } from './inspection.js'
import { alive } from './place.js'

const START_LENGTH = 64

/** Looks at memory that is no channel. */
export function inspectBytes(
  name: string,
  processes: boolean,
  trustOwner: NonNullable<OpenOptions['trustOwner']>,
): Omit<BytesInspection, 'system'> {
  using memory = SharedMemory.open(name, { access: 'read', trustOwner, view: { length: 1 } })
  const { objectLength, objectName } = memory
  const look = { memory, processes }
  const writers = [ONLY_WRITER_SLOT, ...JOINED_WRITER_SLOTS]
    .filter((slot) => Lease.isHeld(memory, slot))
    .map((slot) => alive(look, slot, slot, false))
  const shape = writers.length > 0 ? 'region' : 'bytes'
  const findings =
    writers.length === 0
      ? []
      : participantFindings('region', [
          { role: 'writer', participants: writers, places: 32, countOption: 'writers', afterDeath: '' },
        ])
  return {
    name,
    objectName,
    length: objectLength,
    shape,
    writers,
    start: startOf(name, objectLength, trustOwner),
    findings,
  }
}

/** The first bytes, in hexadecimal. */
function startOf(name: string, length: number, trustOwner: NonNullable<OpenOptions['trustOwner']>): string {
  const start = new Uint8Array(Math.min(length, START_LENGTH))
  using memory = SharedMemory.open(name, { access: 'read', trustOwner, view: { length: start.length } })
  memory.read(0, start)
  return hexOf(start)
}
