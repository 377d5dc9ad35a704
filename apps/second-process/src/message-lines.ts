import type { StreamEnd } from '@memlane/consumer'
import type { MachineFigures } from '@memlane/demo-shared/machine-figures'
import { figuresLine, type Progress } from './figures.js'
import { print } from './print.js'

/** Prints each message as a line, and a line when the first process dies, comes back or closes the stream. */
export class MessageLines {
  #end: StreamEnd | undefined

  async show(figures: MachineFigures | undefined, end: StreamEnd | undefined, progress: () => Progress): Promise<void> {
    if (end !== this.#end) {
      this.#end = end
      await print(`${news(end)}\n`)
    }
    if (figures) await print(`${figuresLine(figures, progress())}\n`)
  }
}

function news(end: StreamEnd | undefined): string {
  if (end === 'died') return 'First process died; waiting for it to come back.'
  return end === 'closed' ? 'First process has closed the stream.' : 'First process is back.'
}
