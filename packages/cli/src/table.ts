import type picocolors from 'picocolors'
import { printable } from './printable.js'

export type Colors = ReturnType<typeof picocolors.createColors>

/** How a cell looks on a terminal with colours. */
export type Tone = keyof Pick<Colors, 'bold' | 'dim' | 'green' | 'red' | 'yellow'>

/** One cell: a text, a number (right-aligned), nothing, or a text with a tone, or one that counts as a number. */
export type Cell =
  | string
  | number
  | undefined
  | { readonly text: string; readonly tone: Tone }
  | { readonly text: string; readonly isNumber: true }

export interface TableStyle {
  /** True: columns are aligned for a reader. False: they are separated by tabs, for programs. */
  readonly aligned: boolean
  readonly colors: Colors
}

const GAP = '  '
const MISSING = '-'

/** Makes the lines of a table. Cells are escaped, so that a name cannot break a line. */
export function tableLines(header: readonly string[], rows: readonly (readonly Cell[])[], style: TableStyle): string[] {
  const texts = [header, ...rows].map((row) => header.map((_, column) => textOf(row[column])))
  if (!style.aligned) return texts.map((row) => row.join('\t'))
  const widths = header.map((_, column) => Math.max(...texts.map((row) => widthOf(row[column] ?? ''))))
  const numeric = header.map((_, column) => rows.some((row) => isNumber(row[column])))
  return texts.map((row, index) => {
    const cells = row.map((text, column) => {
      const space = ' '.repeat((widths[column] ?? 0) - widthOf(text))
      const painted = paint(text, index === 0 ? 'bold' : toneOf(rows[index - 1]?.[column]), style.colors)
      return numeric[column] ? space + painted : painted + space
    })
    return cells.join(GAP).trimEnd()
  })
}

function textOf(cell: Cell): string {
  if (cell === undefined || cell === '') return MISSING
  return printable(typeof cell === 'object' ? cell.text : String(cell))
}

function toneOf(cell: Cell): Tone | undefined {
  return typeof cell === 'object' && 'tone' in cell ? cell.tone : undefined
}

function isNumber(cell: Cell): boolean {
  return typeof cell === 'number' || (typeof cell === 'object' && 'isNumber' in cell)
}

function paint(text: string, tone: Tone | undefined, colors: Colors): string {
  return tone === undefined ? text : colors[tone](text)
}

const widthOf = (text: string) => [...text].length
