import type { DeadLetterAction, DeadLetterAnswer, DeadLetterRow } from '../src/events.js'
import { announce } from './announce.js'
import { element, find, printable, setText } from './element.js'
import { KeyedRows } from './keyed-rows.js'
import { shortTime } from './units.js'

/** Shows the dead letters of a queue, sends them back, and drops them. */
export class DeadLettersView {
  readonly #rows = new KeyedRows(find('dead-letters-table'), [
    { title: 'Place' },
    { title: 'Value', kind: 'code' },
    { title: 'Reason' },
    { title: 'Deliveries', kind: 'number' },
    { title: 'Last consumer', kind: 'number' },
    { title: 'Age', kind: 'number' },
    { title: 'Actions', kind: 'short' },
  ])
  #name = ''
  #dropping: (() => void) | undefined

  constructor() {
    const dialog = find<HTMLDialogElement>('drop-dialog')
    find('drop-cancel').addEventListener('click', () => dialog.close())
    find('drop-confirm').addEventListener('click', () => {
      dialog.close()
      this.#dropping?.()
    })
  }

  /** @param count how many there are; the rows may be fewer */
  show(name: string, count: number, letters: readonly DeadLetterRow[]): void {
    this.#name = name
    const note = count === 0 ? 'None.' : letters.length < count ? `The first ${letters.length} of ${count}.` : ''
    setText(find('dead-letters-note'), note)
    this.#rows.show(letters.map((letter) => this.#row(letter)))
  }

  #row(letter: DeadLetterRow) {
    const { producer, slot, generation, text, reason, deliveryCount, pid, ageMs } = letter
    return {
      key: `${producer} ${slot} ${generation}`,
      cells: [
        `${producer}/${slot}`,
        text,
        reason ?? '–',
        String(deliveryCount),
        String(pid),
        shortTime(ageMs),
        { nodes: () => this.#buttons(letter) },
      ],
    }
  }

  #buttons({ producer, slot, generation, text }: DeadLetterRow): HTMLElement[] {
    const letter = { producer, slot, generation }
    const short = printable(text.slice(0, 80))
    const resend = element('button', { type: 'button', 'aria-label': `Send back ${short}` }, 'Send back')
    const drop = element('button', { type: 'button', 'aria-label': `Drop ${short}`, class: 'danger' }, 'Drop')
    const name = this.#name
    resend.addEventListener('click', () => act({ name, act: 'resend', letter }, resend))
    drop.addEventListener('click', () => {
      setText(find('drop-text'), text)
      this.#dropping = () => act({ name, act: 'discard', letter }, drop)
      find<HTMLDialogElement>('drop-dialog').showModal()
    })
    return [resend, drop]
  }
}

const DONE = { resend: 'The dead letter was sent back.', discard: 'The dead letter was dropped.' } as const
const GONE = 'The dead letter is no longer there.'

async function act(action: DeadLetterAction, button: HTMLButtonElement): Promise<void> {
  const row = button.closest('tr')
  const buttons = row?.querySelectorAll('button') ?? []
  for (const each of buttons) each.disabled = true
  const next = row?.nextElementSibling ?? row?.previousElementSibling
  ;(next?.querySelector('button') ?? find('dead-letters-title')).focus()
  const answer = await post(action)
  announce(answer.done ? DONE[action.act] : (answer.message ?? GONE))
  if (!answer.done) for (const each of buttons) each.disabled = false
}

async function post(action: DeadLetterAction): Promise<DeadLetterAnswer> {
  try {
    const body = JSON.stringify(action)
    const response = await fetch('dead-letter', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
    })
    return response.ok ? await response.json() : { done: false, message: `The server answers ${response.status}.` }
  } catch {
    return { done: false, message: 'The server does not answer.' }
  }
}
