import type { Finding } from '@memlane/inspect'
import { element, printable } from './element.js'
import { addressOf } from './route.js'

/** A finding with the memory that it is about. */
export interface NamedFinding extends Finding {
  readonly name: string
}

const WORDS = { error: 'Stuck', warning: 'Warning', note: 'Note' } as const

/** Shows findings as a list. Leaves a list alone that already shows the same. */
export class FindingsList {
  readonly #list: HTMLElement
  readonly #isLinked: boolean
  #shown = ''

  /** @param isLinked whether each finding links to its memory */
  constructor(list: HTMLElement, isLinked: boolean) {
    this.#list = list
    this.#isLinked = isLinked
  }

  show(findings: readonly NamedFinding[], otherwise: string): void {
    const shown = JSON.stringify(findings.map(({ name, severity, message }) => [name, severity, message]))
    if (shown === this.#shown) return
    this.#shown = shown
    const items = findings.map((finding) => this.#item(finding))
    this.#list.replaceChildren(...(items.length > 0 ? items : [element('li', { class: 'calm' }, otherwise)]))
    this.#list.hidden = items.length === 0 && otherwise === ''
  }

  #item({ name, severity, message }: NamedFinding): HTMLElement {
    const badge = element('strong', { class: 'badge', 'data-severity': severity }, WORDS[severity])
    const link = element('a', { href: addressOf(name) }, element('bdi', {}, printable(name)))
    return element('li', {}, badge, ' ', ...(this.#isLinked ? [link, ': '] : []), printable(message))
  }
}

/** The findings of memory, the worst first. */
export function sortedFindings(memories: readonly { name: string; findings: readonly Finding[] }[]): NamedFinding[] {
  const order = Object.keys(WORDS)
  const all = memories.flatMap(({ name, findings }) => findings.map((finding) => ({ name, ...finding })))
  return all.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}
