import type { MemorySummary, PageEvents } from '../src/events.js'
import { element, find, printable } from './element.js'
import { FindingsList, sortedFindings } from './findings-list.js'
import { type History, lagOf, lagUnit, memoryKey } from './history.js'
import { KeyedRows, type Row } from './keyed-rows.js'
import { processesCell } from './processes-cell.js'
import { addressOf } from './route.js'
import { Sparkline } from './sparkline.js'
import { showTiles } from './tiles.js'
import { shortBytes, shortNumber, shortTime } from './units.js'
import { verdictOf } from './verdict.js'

/** Shows all memory. */
export class OverviewView {
  readonly #history: History
  readonly #findings = new FindingsList(find('findings'), true)
  readonly #rows = new KeyedRows(find('memories'), [
    { title: 'Name' },
    { title: 'Shape' },
    { title: 'Schema' },
    { title: 'Size', kind: 'number' },
    { title: 'Producers' },
    { title: 'Consumers' },
    { title: 'Rate', kind: 'number' },
    { title: 'Last minute' },
    { title: 'Lag', kind: 'number' },
    { title: 'State', kind: 'short' },
  ])
  readonly #sparklines = new Map<string, Sparkline>()

  constructor(history: History) {
    this.#history = history
  }

  show({ memories }: PageEvents['overview']): void {
    const findings = sortedFindings(memories).filter(({ severity }) => severity !== 'note')
    const pids = memories.flatMap(({ producers, consumers }) => [...producers, ...consumers].map(({ pid }) => pid))
    const sum = (value: (memory: MemorySummary) => number | undefined) => {
      return memories.reduce((total, memory) => total + (value(memory) ?? 0), 0)
    }
    showTiles(find('overview-tiles'), [
      { label: 'Memories', value: `${memories.length}` },
      { label: 'Size', value: shortBytes(sum(({ length }) => length)) },
      { label: 'Processes', value: `${new Set(pids.filter((pid) => pid !== undefined)).size}` },
      { label: 'Messages per second', value: shortNumber(sum(({ perSecond }) => perSecond)) },
      {
        label: 'Problems',
        value: `${findings.length}`,
        tone: findings[0] === undefined ? 'good' : findings[0].severity === 'error' ? 'bad' : 'warning',
      },
    ])
    this.#findings.show(findings, 'Nobody is stuck.')
    const keys = new Set(memories.map(memoryKey))
    for (const key of this.#sparklines.keys()) if (!keys.has(key)) this.#sparklines.delete(key)
    this.#rows.show(memories.map((memory) => this.#row(memory)))
  }

  #row(memory: MemorySummary): Row {
    const { name, shape, schema, length, producers, consumers, perSecond, findings } = memory
    const key = memoryKey(memory)
    const sparkline = this.#sparklines.get(key) ?? new Sparkline()
    this.#sparklines.set(key, sparkline)
    sparkline.show(this.#history.of(memory).rates)
    return {
      key,
      cells: [
        { nodes: () => [element('a', { href: addressOf(name) }, printable(name))] },
        shape,
        schema ?? '–',
        length === undefined ? '–' : shortBytes(length),
        processesCell(producers),
        processesCell(consumers),
        perSecond === undefined ? '–' : `${shortNumber(perSecond)}/s`,
        { nodes: () => [sparkline.node] },
        lagText(memory),
        verdictOf(findings),
      ],
    }
  }
}

/** The lag of a memory with its unit. */
export function lagText(memory: MemorySummary): string {
  const lag = lagOf(memory)
  if (lag === undefined) return '–'
  const unit = lagUnit(memory)
  if (unit === 'ms') return `${shortTime(lag)} old`
  return unit === 'bytes' ? shortBytes(lag) : shortNumber(lag)
}
