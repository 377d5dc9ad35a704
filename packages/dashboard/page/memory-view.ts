import type { MemorySummary, PageEvents } from '../src/events.js'
import { DeadLettersView } from './dead-letters-view.js'
import { find, setText } from './element.js'
import { showFacts } from './facts.js'
import { FindingsList } from './findings-list.js'
import { type History, lagUnit } from './history.js'
import { KeyedRows } from './keyed-rows.js'
import { LineChart } from './line-chart.js'
import { memoryTiles, rateLabel } from './memory-tiles.js'
import { MessageLog } from './message-log.js'
import { participantRows } from './participant-rows.js'
import { showTiles } from './tiles.js'
import { exactNumber, shortBytes, shortNumber, shortTime } from './units.js'

const LAG_TITLES = {
  messages: 'Lag in messages',
  bytes: 'Lag in bytes',
  calls: 'Calls without an answer',
  ms: 'Age of the newest value',
} as const

/** Shows everything about one memory. */
export class MemoryView {
  readonly #history: History
  readonly #findings = new FindingsList(find('memory-findings'), false)
  readonly #rate = new LineChart(find('rate-chart'))
  readonly #lag = new LineChart(find('lag-chart'))
  readonly #log = new MessageLog()
  readonly #deadLetters = new DeadLettersView()
  readonly #participants = new KeyedRows(find('participants-table'), [
    { title: 'Role' },
    { title: 'Place', kind: 'number' },
    { title: 'Process', kind: 'number' },
    { title: 'State', kind: 'short' },
    { title: 'Figures' },
    { title: 'Program', kind: 'code' },
  ])
  readonly #keys = new KeyedRows(find('keys-table'), [
    { title: 'Key' },
    { title: 'Version', kind: 'number' },
    { title: 'Age', kind: 'number' },
    { title: 'Bytes', kind: 'number' },
    { title: 'Most bytes', kind: 'number' },
  ])
  readonly #schema = new KeyedRows(find('schema-table'), [
    { title: 'Part' },
    { title: 'Type', kind: 'code' },
    { title: 'Offset', kind: 'number' },
    { title: 'Bytes', kind: 'number' },
  ])

  constructor(history: History) {
    this.#history = history
  }

  /** Begins with another memory. */
  choose(name: string): void {
    setText(find('memory-title'), name)
    setText(find('memory-subtitle'), 'Looking…')
    find('memory-body').hidden = true
    this.#log.clear()
  }

  showSummary(memory: MemorySummary): void {
    showTiles(find('memory-tiles'), memoryTiles(memory))
    const { times, rates, lags } = this.#history.of(memory)
    const unit = lagUnit(memory)
    const counts = memory.instance !== undefined
    find('rate-chart').hidden = !counts
    find('lag-chart').hidden = !counts
    if (!counts) return
    this.#rate.show(rateLabel(memory), times, rates, (value) => `${shortNumber(value)}/s`)
    const format = unit === 'ms' ? shortTime : unit === 'bytes' ? shortBytes : shortNumber
    this.#lag.show(LAG_TITLES[unit ?? 'messages'], times, lags, format)
  }

  show({ inspection, deadLetters }: PageEvents['memory']): void {
    if (inspection === undefined) {
      setText(find('memory-subtitle'), 'There is no memory of this name. The page goes on looking for it.')
      return
    }
    const { name, shape, length, findings } = inspection
    const schema = 'schema' in inspection ? inspection.schema : undefined
    const of = schema === undefined ? '' : ` of ${schema.name}`
    setText(find('memory-subtitle'), `${shape}${of}, ${length === undefined ? 'size unknown' : shortBytes(length)}`)
    find('memory-body').hidden = false
    this.#findings.show(
      findings.map((finding) => ({ name, ...finding })),
      '',
    )
    this.#participants.show(participantRows(inspection))
    showFacts(find('geometry'), inspection)
    find('messages').hidden = schema === undefined
    find('schema').hidden = schema === undefined
    this.#schema.show(
      (schema?.rows ?? []).map(({ path, type, offset, length: bytes }, index) => ({
        key: String(index),
        cells: [
          path === '' ? '(whole)' : path,
          type,
          offset === undefined ? '–' : String(offset),
          bytes === undefined ? 'varies' : String(bytes),
        ],
      })),
    )
    setText(find('schema-typescript'), schema?.typescript ?? '')
    find('dead-letters').hidden = shape !== 'queue'
    if (shape === 'queue') this.#deadLetters.show(name, inspection.figures.dead, deadLetters)
    find('keys').hidden = shape !== 'latest'
    if (shape === 'latest') {
      this.#keys.show(
        inspection.keys.map(({ key, version, ageMs, valueLength, capacity }) => ({
          key,
          cells: [
            key,
            exactNumber(version),
            ageMs === undefined ? '–' : shortTime(ageMs),
            valueLength === undefined ? 'none' : String(valueLength),
            exactNumber(capacity),
          ],
        })),
      )
    }
  }

  addMessages(event: PageEvents['messages']): void {
    this.#log.add(event)
  }
}
