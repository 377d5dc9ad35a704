import type { FiguresShape, MachineFigures } from '@memlane/demo-shared/machine-figures'
import { type EndOfFirst, figuresLine, type Rows } from './figures.js'
import { print } from './print.js'

/** Prints each message as a line, and a line when the first process dies, comes back or closes. */
export class MessageLines implements AsyncDisposable {
  readonly #shape: FiguresShape
  #end: EndOfFirst | undefined

  /** @param shape what the first process closes */
  constructor(shape: FiguresShape) {
    this.#shape = shape
  }

  async show(figures: MachineFigures | undefined, end: EndOfFirst | undefined, progress: () => Rows): Promise<void> {
    if (end !== this.#end) {
      this.#end = end
      await print(`${this.#news(end)}\n`)
    }
    if (figures) await print(`${figuresLine(figures, progress())}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #news(end: EndOfFirst | undefined): string {
    if (end === 'died') return 'First process died; waiting for it to come back.'
    if (end === 'gone') return 'No first process; waiting for one.'
    return end === 'closed' ? `First process has closed the ${this.#shape}.` : 'First process is back.'
  }
}
