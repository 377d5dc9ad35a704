import { type LatestChannel, openCells, type ReaderKeys } from '@memlane/channel'
import { Lease } from '@memlane/core'
import { steadyNow } from '@memlane/core/internal'
import { CELL_COUNT, CellReader, isAsleep, MAX_COPY_ATTEMPTS, NEVER_SET } from '@memlane/protocol/internal'
import type { Finding } from './finding.js'
import { participantFindings, unlessCorrupt } from './findings.js'
import type { LatestFigures, LatestGeometry, LatestKeyInspection } from './inspection.js'
import type { ParticipantInspection } from './participant-inspection.js'
import { closed, inspectPlace, type Look } from './place.js'

/** What a look at a latest finds besides its schema. */
export interface LatestLook {
  readonly geometry: LatestGeometry
  readonly writer: ParticipantInspection | undefined
  readonly readers: readonly ParticipantInspection[]
  readonly keys: readonly LatestKeyInspection[]
  readonly figures: LatestFigures
  readonly findings: readonly Finding[]
}

/** @param readerKeys undefined if the schema in the memory is wrong */
export function inspectLatest(channel: LatestChannel, look: Look, readerKeys: ReaderKeys | undefined): LatestLook {
  const { header } = channel
  const { keyCount, maxReaders, maxMessageLength, controlLength, cellsLength } = header
  const writer = writerOf(channel, look)
  const readers = readersOf(channel, look)
  const corrupt: Finding[] = []
  const keys = readerKeys === undefined ? [] : (unlessCorrupt(corrupt, () => keysOf(channel, readerKeys)) ?? [])
  const ages = keys.flatMap(({ ageMs }) => (ageMs === undefined ? [] : [ageMs]))
  return {
    geometry: { keyCount, cellCount: CELL_COUNT, maxReaders, maxMessageLength, controlLength, cellsLength },
    writer,
    readers,
    keys,
    figures: {
      set: keys.reduce((sum, { version }) => sum + version, 0),
      ageMs: ages.length === 0 ? undefined : Math.min(...ages),
    },
    findings: [
      ...corrupt,
      ...participantFindings('latest', [
        {
          role: 'writer',
          participants: writer === undefined ? [] : [writer],
          places: 1,
          countOption: 'writers',
          afterDeath: 'Its values stay readable. The next writer takes over.',
        },
        {
          role: 'reader',
          participants: readers,
          places: maxReaders,
          countOption: 'maxReaders',
          afterDeath: 'Nobody waits for it. The next reader takes its place.',
        },
      ]),
    ],
  }
}

function writerOf({ control }: LatestChannel, look: Look): ParticipantInspection | undefined {
  const state = control.writerState
  if (state === 'unused') return undefined
  const isOpen = () => control.writerState === 'open'
  return (state === 'open' ? inspectPlace(look, control.writers, 0, isOpen) : undefined) ?? closed(0)
}

/** A reader's place says nothing by itself: only its lease does, and the mark of one that died in its sleep. */
function readersOf({ control, memory }: LatestChannel, look: Look): ParticipantInspection[] {
  const { readers } = control
  const slots = Array.from({ length: readers.count }, (_, slot) => slot)
  return slots.flatMap((slot) => {
    if (!isAsleep(readers, slot) && !Lease.isHeld(memory, readers.numberOf(slot))) return []
    return inspectPlace(look, readers, slot, () => isAsleep(readers, slot)) ?? []
  })
}

function keysOf(channel: LatestChannel, { members }: ReaderKeys): LatestKeyInspection[] {
  const { buffer, places } = openCells(channel, members, 'read')
  return [...places].map(([key, place]) => {
    const { capacity, cellLength } = place
    const { version, time, length } = newestIn(new CellReader(buffer, place))
    const known = version === 0 ? undefined : { ageMs: Math.max(0, steadyNow() - time), valueLength: length }
    return { key, version, ageMs: known?.ageMs, valueLength: known?.valueLength, capacity, cellLength }
  })
}

/** @throws LayoutError `CORRUPT` */
function newestIn(reader: CellReader): { readonly version: number; readonly time: number; readonly length: number } {
  for (let attempt = 0; attempt < MAX_COPY_ATTEMPTS; attempt++) {
    const offset = reader.begin()
    const { version, time, length, low } = reader
    if (!reader.isWhole(low)) continue
    if (offset === NEVER_SET) return { version: 0, time: 0, length: 0 }
    if (offset < 0) throw reader.wrongLength()
    return { version, time, length }
  }
  const { version, time, length } = reader // of different values: the writer is faster than this look
  return { version, time, length }
}
