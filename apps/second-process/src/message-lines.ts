import type { StreamEnd } from '@memlane/consumer'
import type { MachineFigures } from '@memlane/demo-shared/machine-figures'
import { figuresLine, type Rows } from './figures.js'
import { print } from './print.js'

/** Prints each message as a line, and a line when the first process dies, comes back or closes. */
export class MessageLines {
  readonly #shape: string
  #end: StreamEnd | undefined

  /** @param shape what the first process closes: "stream" */
  constructor(shape: string) {
    this.#shape = shape
  }

  async show(figures: MachineFigures | undefined, end: StreamEnd | undefined, progress: () => Rows): Promise<void> {
    if (end !== this.#end) {
      this.#end = end
      await print(`${this.#news(end)}\n`)
    }
    if (figures) await print(`${figuresLine(figures, progress())}\n`)
  }

  #news(end: StreamEnd | undefined): string {
    if (end === 'died') return 'First process died; waiting for it to come back.'
    return end === 'closed' ? `First process has closed the ${this.#shape}.` : 'First process is back.'
  }
}
