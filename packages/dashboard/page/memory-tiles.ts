import type { Participant } from '@memlane/inspect'
import type { MemorySummary } from '../src/events.js'
import { lagText } from './overview-view.js'
import type { Tile } from './tiles.js'
import { shortBytes, shortNumber } from './units.js'
import { verdictOf } from './verdict.js'

/** The most important figures of one memory. */
export function memoryTiles(memory: MemorySummary): Tile[] {
  const { perSecond, bytesPerSecond, producers, consumers, findings } = memory
  const tiles: Tile[] = [{ label: 'State', ...stateTile(findings) }]
  if (memory.instance === undefined) return tiles
  tiles.push({
    label: rateLabel(memory),
    value: perSecond === undefined ? '–' : shortNumber(perSecond),
  })
  if (bytesPerSecond !== undefined) tiles.push({ label: 'Bytes per second', value: shortBytes(bytesPerSecond) })
  tiles.push({ label: memory.shape === 'latest' ? 'Newest value' : 'Lag', value: lagText(memory) })
  tiles.push({ label: 'Alive', value: `${living(producers)} → ${living(consumers)}` })
  return tiles
}

function stateTile(findings: MemorySummary['findings']) {
  const { text, tone } = verdictOf(findings)
  return { value: text, tone }
}

function living(participants: readonly Participant[]): number {
  return participants.filter(({ state }) => state === 'alive').length
}

/** What the rate of a memory counts. */
export function rateLabel({ shape }: MemorySummary): string {
  if (shape === 'call') return 'Calls per second'
  return shape === 'latest' ? 'Values per second' : 'Messages per second'
}
