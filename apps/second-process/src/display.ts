import { setTimeout } from 'node:timers/promises'
import type { FiguresShape } from '@memlane/demo-shared/machine-figures'
import { LiveTable } from './live-table.js'
import { MessageLines } from './message-lines.js'

/** While no message or value comes: the interval between drawings of the table and checks of the first process. */
export const DRAW_INTERVAL_MS = 200

/** Returns a table on a terminal, and lines elsewhere. */
export function createDisplay(name: string, shape: FiguresShape): LiveTable | MessageLines {
  return process.stdout.isTTY ? new LiveTable(name) : new MessageLines(shape)
}

/** Draws at this interval, too, until the work has ended. */
export async function redrawDuring(work: Promise<void>, draw: () => Promise<void>): Promise<void> {
  const ended = new AbortController()
  const { signal } = ended
  const redraw = async () => {
    while (!signal.aborted) {
      await draw()
      await setTimeout(DRAW_INTERVAL_MS, undefined, { signal }).catch(() => {})
    }
  }
  await Promise.all([work.finally(() => ended.abort()), redraw()])
}
