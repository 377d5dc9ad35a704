import { now } from '@memlane/core/internal'
import { type Inspection, inspectAll } from '@memlane/inspect'
import { abortablePause } from '../abortable-pause.js'
import type { Command } from '../command.js'
import { seconds, wholeNumber } from '../option-values.js'
import { summaryOf, TOP_HEADER, topRow } from '../summary.js'

const NOTES = `
Looks at all memory again and again, until Ctrl-C. On a terminal, each look replaces the one before. With --json, each look
prints one line per memory; time is the same in all lines of a look.`

export const top: Command<{ interval: number; count?: number }> = {
  name: 'top',
  summary: 'show rates, lag, drops and age of all memory, live',
  watches: true,
  declare(line) {
    line
      .option('--interval <seconds>', 'time between two looks', seconds, 1000)
      .option('--count <looks>', 'end after so many looks', wholeNumber(1))
      .addHelpText('after', NOTES)
  },
  async run({ out, signal }, _, { interval, count = Infinity }) {
    let before = look()
    for (let looks = 0; looks < count; looks++) {
      if (!(await abortablePause(interval, signal))) return
      const after = look()
      const time = new Date().toISOString()
      const summaries = [...after.memories.values()].map((memory) => {
        return summaryOf(memory, before.memories.get(memory.name), after.at - before.at)
      })
      if (out.json) for (const summary of summaries) out.object({ time, ...summary })
      else {
        if (out.isTerminal) out.clear()
        out.line(`${time}  ${summaries.length} ${summaries.length === 1 ? 'memory' : 'memories'}`, 'dim')
        out.table(
          TOP_HEADER,
          summaries.slice(0, room(out.isTerminal, out.rows)).map((each) => topRow(each, out)),
        )
      }
      await out.drained()
      before = after
    }
  },
}

function look(): { at: number; memories: ReadonlyMap<string, Inspection> } {
  const memories = new Map(inspectAll().map((memory) => [memory.name, memory]))
  return { at: now(), memories }
}

/** How many rows fit below the two lines of the head. */
const room = (isTerminal: boolean, rows: number) => (isTerminal ? Math.max(1, rows - 3) : undefined)
