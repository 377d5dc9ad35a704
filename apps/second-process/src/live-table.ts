import type { MachineFigures } from '@memlane/demo-shared/machine-figures'
import { type EndOfFirst, figureRows, type Rows } from './figures.js'
import { print } from './print.js'

const DRAW_INTERVAL_MS = 100

/** A table on a terminal, drawn again in its place. */
export class LiveTable implements AsyncDisposable {
  readonly #name: string
  #height = 0
  #nextDraw = 0
  #figures: MachineFigures | undefined
  #end: EndOfFirst | undefined
  #progress: () => Rows = () => []

  constructor(name: string) {
    this.#name = name
  }

  /** Takes the new state, and draws the table if the last drawing is at least `DRAW_INTERVAL_MS` old. */
  async show(figures: MachineFigures | undefined, end: EndOfFirst | undefined, progress: () => Rows): Promise<void> {
    this.#figures = figures ?? this.#figures
    this.#end = end
    this.#progress = progress
    if (performance.now() >= this.#nextDraw) await this.#draw()
  }

  /** Draws the last state, which stays on the terminal. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#draw()
  }

  async #draw(): Promise<void> {
    this.#nextDraw = performance.now() + DRAW_INTERVAL_MS
    const lines = tableLines(this.#name, this.#figures, this.#end, this.#progress())
    const { columns, rows } = process.stdout // 0 where the terminal does not know
    const visible = lines.slice(0, (rows || Infinity) - 1).map((line) => line.slice(0, columns || Infinity))
    const back = this.#height > 0 ? `\x1b[${this.#height}F\x1b[J` : '' // up to its first line; erase from there on
    this.#height = visible.length
    await print(`${back}${visible.join('\n')}\n`)
  }
}

export function tableLines(
  name: string,
  figures: MachineFigures | undefined,
  end: EndOfFirst | undefined,
  progress: Rows,
): string[] {
  const rows = [...(figures ? figureRows(figures) : []), ...progress]
  const labelWidth = Math.max(...rows.map(([label]) => label.length))
  const valueWidth = Math.max(...rows.map(([, value]) => value.length))
  const table = rows.map(([label, value]) => `  ${label.padEnd(labelWidth)}  ${value.padStart(valueWidth)}`)
  return [`${name}: ${state(figures, end)}`, ...table]
}

function state(figures: MachineFigures | undefined, end: EndOfFirst | undefined): string {
  if (end === 'died') return 'first process died, waiting for it to come back'
  if (end === 'gone') return 'no first process, waiting for one'
  if (end === 'closed') return 'closed by the first process'
  return figures ? 'receiving' : 'waiting for a message'
}
