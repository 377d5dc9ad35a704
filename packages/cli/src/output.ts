import picocolors from 'picocolors'
import { printable } from './printable.js'
import { type Cell, type Colors, type Tone, tableLines } from './table.js'
import type { Terminal, Writer } from './terminal.js'
import { shortBytes, shortNumber, shortTime } from './units.js'

const LONGEST_TEXT = 40

/** Prints the results of a command: JSON for programs, tables for people. */
export class Output {
  /** True with `--json`: then a command prints one JSON object, or one object per line. */
  readonly json: boolean
  readonly #writer: Writer
  readonly #signal: AbortSignal
  readonly #colors: Colors
  #full = false

  constructor({ output, env, signal }: Terminal, json: boolean) {
    this.json = json
    this.#writer = output
    this.#signal = signal
    this.#colors = picocolors.createColors(output.isTTY && !env.NO_COLOR)
  }

  /** True if a person reads the output on a terminal. */
  get isTerminal(): boolean {
    return this.#writer.isTTY
  }

  get rows(): number {
    return this.#writer.rows ?? 24
  }

  /** Prints one line, from a text or from parts that stand apart. Escapes control characters. */
  line(text: string | readonly string[] = '', tone?: Tone): void {
    const parts = typeof text === 'string' ? [text] : text
    const line = parts.map(printable).join(this.isTerminal ? '  ' : '\t')
    this.#write(`${tone === undefined ? line : this.#colors[tone](line)}\n`)
  }

  /**
   * Prints one value as a line of JSON: nothing is null, so that keys are always there. Escapes the characters that JSON allows, and
   * terminals obey.
   */
  object(value: unknown): void {
    this.#write(`${printable(JSON.stringify(value, (_, each) => plain(each)))}\n`)
  }

  /** Prints a table: aligned on a terminal, otherwise with tabs between the cells. The header comes first. */
  table(header: readonly string[], rows: readonly (readonly Cell[])[]): void {
    const style = { aligned: this.isTerminal, colors: this.#colors }
    for (const line of tableLines(header, rows, style)) this.#write(`${line}\n`)
  }

  /** Prints facts: one per row, a name and a value. */
  facts(rows: readonly (readonly [name: string, value: Cell])[]): void {
    const textOf = (cell: Cell) => (typeof cell === 'object' ? cell.text : cell?.toString())
    this.table(
      ['property', 'value'],
      rows.map(([name, value]) => [name, textOf(value)]),
    )
  }

  /** Makes a cell of a number: short on a terminal, otherwise as it is, rounded to three decimals. */
  number(value: number | undefined): Cell {
    return this.#cell(value, shortNumber)
  }

  bytes(value: number | undefined): Cell {
    return this.#cell(value, shortBytes)
  }

  /** @param value milliseconds */
  time(value: number | undefined): Cell {
    return this.#cell(value, shortTime)
  }

  /** Makes a cell of a long text: on a terminal, only its end. */
  shortened(text: string | undefined): Cell {
    if (text === undefined || !this.isTerminal || text.length <= LONGEST_TEXT) return text
    return `…${text.slice(1 - LONGEST_TEXT)}`
  }

  #cell(value: number | undefined, short: (value: number) => string): Cell {
    if (value === undefined) return undefined
    return this.isTerminal ? { text: short(value), isNumber: true } : Math.round(value * 1000) / 1000
  }

  /** Clears the terminal, before the next picture of a live view. */
  clear(): void {
    this.#write('\x1b[H\x1b[2J\x1b[3J')
  }

  /** Waits until the reader of the output has taken enough of it. Ends when the command must end. */
  async drained(): Promise<void> {
    if (!this.#full) return
    this.#full = false
    if (!this.#signal.aborted) await this.#writer.drained(this.#signal).catch(() => {})
  }

  #write(text: string): void {
    if (!this.#writer.write(text)) this.#full = true
  }
}

/** Makes a property of a figure JSON. Messages have their JSON form already. */
function plain(value: unknown): unknown {
  if (value === undefined) return null
  return value === Infinity || value === -Infinity ? String(value) : value
}
