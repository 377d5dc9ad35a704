import type { MessageRow, PageEvents } from '../src/events.js'
import { element, find, printable, setText } from './element.js'
import { clockTime, exactNumber } from './units.js'

const MAX_ROWS = 100

const COLUMNS = [
  ['Seen', 'short'],
  ['Sender', 'short number'],
  ['Number', 'short number'],
  ['About', 'short'],
  ['Value', 'code'],
] as const

const ENDS = {
  closed: 'All participants have closed.',
  died: 'A participant died, and none is left.',
} as const

/** The messages of the chosen channel, the newest first. */
export class MessageLog {
  readonly #table = find('messages-table')
  readonly #body = element('tbody')

  constructor() {
    const heads = COLUMNS.map(([title, kind]) => element('th', { scope: 'col', class: kind }, title))
    this.#table.replaceChildren(element('thead', {}, element('tr', {}, ...heads)), this.#body)
    this.clear()
  }

  clear(): void {
    this.#body.replaceChildren()
    this.#table.classList.add('without-about')
    this.note('Nothing has come yet.')
  }

  note(text: string): void {
    setText(find('messages-note'), text)
  }

  add({ messages, skipped, missed, end }: PageEvents['messages']): void {
    const time = clockTime(Date.now())
    if (messages.some(({ about }) => about !== undefined)) this.#table.classList.remove('without-about')
    const rows = messages.map((message) => messageRow(message, time))
    if (skipped > 0) {
      const text = `${exactNumber(skipped)} more, not shown`
      rows.push(element('tr', { class: 'skipped' }, element('td', { colspan: '5' }, text)))
    }
    this.#body.prepend(...rows.reverse())
    while (this.#body.children.length > MAX_ROWS) this.#body.lastElementChild?.remove()
    const words = ['The newest first.']
    if (missed > 0) words.push(`${exactNumber(missed)} went by before the dashboard looked.`)
    if (end !== undefined) words.push(ENDS[end])
    this.note(words.join(' '))
  }
}

function messageRow({ kind, producer, sequence, about, text }: MessageRow, time: string): HTMLElement {
  const what = kind === 'message' || kind === 'value' ? (about ?? '') : `${kind} of ${about}`
  const cells = [time, String(producer), exactNumber(sequence), what, text]
  return element(
    'tr',
    { class: kind },
    ...cells.map((cell, index) => element('td', { class: COLUMNS[index]?.[1] }, printable(cell))),
  )
}
