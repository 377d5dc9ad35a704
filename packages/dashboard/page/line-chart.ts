import uPlot from 'uplot'
import { element, setText } from './element.js'
import { clockTime } from './units.js'

const HEIGHT = 200
/** The shortest time that a chart shows, in seconds. */
const MIN_SPAN = 60
/** Seconds between two rows of the table. */
const TABLE_STEP = 10

/** A chart over time, with the same in words: a sentence and a table. */
export class LineChart {
  readonly #title = element('strong')
  readonly #words = element('span', { class: 'words muted' })
  readonly #reading = element('span', { class: 'reading', 'aria-hidden': 'true' })
  readonly #canvas = element('div', { class: 'canvas', role: 'img' })
  readonly #body = element('tbody')
  readonly #details: HTMLDetailsElement
  readonly #valueHead = element('th', { scope: 'col' })
  readonly #plot: uPlot
  #format: (value: number) => string = String
  #times: readonly number[] = []
  #values: readonly (number | null)[] = []

  constructor(figure: HTMLElement) {
    const head = element('tr', {}, element('th', { scope: 'col' }, 'Time'), this.#valueHead)
    const table = element('table', {}, element('thead', {}, head), this.#body)
    const scroll = element('section', { class: 'scroll', tabindex: '0' }, table)
    this.#details = element('details', {}, element('summary', {}, 'Values as a table'), scroll)
    this.#details.addEventListener('toggle', () => this.#showTable())
    const caption = element('figcaption', {}, this.#title, ' ', this.#reading, ' ', this.#words)
    figure.append(caption, this.#canvas, this.#details)
    this.#plot = new uPlot(this.#options(), [[], []], this.#canvas)
    new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0)
      if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT })
    }).observe(this.#canvas)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#plot.redraw())
  }

  /**
   * @param times seconds since 1970
   * @param format writes a value with its unit
   */
  show(
    title: string,
    times: readonly number[],
    values: readonly (number | null)[],
    format: (value: number) => string,
  ): void {
    this.#times = times
    this.#values = values
    this.#format = format
    setText(this.#title, title)
    setText(this.#valueHead, title)
    setText(this.#words, this.#sentence())
    this.#canvas.setAttribute('aria-label', `Chart of ${title.toLowerCase()}`)
    this.#plot.setData([times, values] as unknown as uPlot.AlignedData)
    this.#showTable()
  }

  #sentence(): string {
    const known = this.#values.filter((value) => value !== null)
    const last = this.#values.at(-1) ?? null
    if (last === null || known.length === 0) return ''
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length
    const [now, average, highest] = [last, mean, Math.max(...known)].map(this.#format)
    return `now ${now}, mean ${average}, highest ${highest}`
  }

  #showTable(): void {
    if (!this.#details.open) return
    const rows: HTMLElement[] = []
    for (let index = this.#times.length - 1, due = Infinity; index >= 0; index--) {
      const time = this.#times[index] as number
      const value = this.#values[index] ?? null
      if (time > due || value === null) continue
      due = time - TABLE_STEP
      rows.push(
        element(
          'tr',
          {},
          element('th', { scope: 'row' }, clockTime(time * 1000)),
          element('td', {}, this.#format(value)),
        ),
      )
    }
    this.#body.replaceChildren(...rows)
  }

  #options(): uPlot.Options {
    const axis = {
      stroke: () => color('--muted'),
      grid: { stroke: () => color('--line'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui',
    }
    return {
      width: 400,
      height: HEIGHT,
      legend: { show: false },
      padding: [8, 28, 0, 0],
      cursor: { y: false, drag: { x: false, y: false } },
      scales: {
        x: { time: true, range: (_, min, max) => [Math.min(min, max - MIN_SPAN), max] },
        y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] },
      },
      axes: [
        { ...axis, space: 90, size: 28, values: (_, ticks) => ticks.map((tick) => clockTime(tick * 1000)) },
        { ...axis, size: 72, values: (_, ticks) => ticks.map((tick) => this.#format(tick)) },
      ],
      series: [
        {},
        { stroke: () => color('--accent'), fill: () => color('--accent-faint'), width: 2, points: { show: false } },
      ],
      hooks: {
        setCursor: [
          ({ cursor }) => {
            const value = cursor.idx == null ? null : (this.#values[cursor.idx] ?? null)
            const time = cursor.idx == null ? undefined : this.#times[cursor.idx]
            setText(
              this.#reading,
              value === null || time === undefined ? '' : `${clockTime(time * 1000)}: ${this.#format(value)}`,
            )
          },
        ],
      },
    }
  }
}

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}
