import { element, setText } from './element.js'

/** One cell: its text, or what it holds. */
export type Cell =
  | string
  | { readonly text: string; readonly tone?: Tone | undefined }
  | { readonly nodes: () => readonly Node[] }

export type Tone = 'good' | 'warning' | 'bad' | 'muted'

/** A row of a table. */
export interface Row {
  /** Tells this row from others, and stays the same. */
  readonly key: string
  readonly cells: readonly Cell[]
  readonly current?: boolean
}

/** A column of a table. */
export interface Column {
  readonly title: string
  readonly kind?: 'number' | 'code' | 'short'
}

/** A table whose rows change again and again. Rows that stay keep their elements, and so the focus and the selection. */
export class KeyedRows {
  readonly #body: HTMLTableSectionElement
  readonly #columns: readonly Column[]
  readonly #rows = new Map<string, HTMLTableRowElement>()

  /** @param table an empty table. The first column heads the rows */
  constructor(table: HTMLElement, columns: readonly Column[]) {
    this.#columns = columns
    this.#body = element('tbody')
    const heads = columns.map(({ title, kind }) => element('th', { scope: 'col', class: kind }, title))
    table.replaceChildren(element('thead', {}, element('tr', {}, ...heads)), this.#body)
  }

  /** Shows these rows, in this order. */
  show(rows: readonly Row[]): void {
    const keys = new Set(rows.map(({ key }) => key))
    for (const [key, row] of this.#rows) {
      if (keys.has(key)) continue
      row.remove()
      this.#rows.delete(key)
    }
    let place: Element | null = this.#body.firstElementChild
    for (const { key, cells } of rows) {
      const row = this.#rows.get(key) ?? this.#make(key, cells)
      this.#fill(row, cells)
      if (row === place) place = place.nextElementSibling
      else this.#body.insertBefore(row, place)
    }
  }

  #make(key: string, cells: readonly Cell[]): HTMLTableRowElement {
    const row = element('tr')
    for (const [index, cell] of cells.entries()) {
      const kind = this.#columns[index]?.kind
      const made = index === 0 ? element('th', { scope: 'row', class: kind }) : element('td', { class: kind })
      if (typeof cell === 'object' && 'nodes' in cell) made.append(...cell.nodes())
      row.append(made)
    }
    this.#rows.set(key, row)
    return row
  }

  #fill(row: HTMLTableRowElement, cells: readonly Cell[]): void {
    for (const [index, cell] of cells.entries()) {
      const target = row.cells[index] as HTMLTableCellElement
      if (typeof cell === 'string') setText(target, cell)
      else if ('text' in cell) {
        setText(target, cell.text)
        if (cell.tone === undefined) delete target.dataset.tone
        else target.dataset.tone = cell.tone
      }
    }
  }
}
