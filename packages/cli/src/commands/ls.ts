import { now, pause } from '@memlane/core/internal'
import { inspectAll } from '@memlane/inspect'
import type { Command } from '../command.js'
import { LIST_HEADER, listRow, summaryOf } from '../summary.js'

const SAMPLE_MS = 200

const NOTES = `
Rates come from two looks, ${SAMPLE_MS} ms apart. lag: messages that the slowest consumer has not taken, messages of a queue that are
not done, calls without an answer. age: of a latest, since its newest value; of a queue, since its oldest message.
state: the worst finding; info NAME and doctor explain it.`

export const ls: Command = {
  name: 'ls',
  summary: 'list all memory: shape, schema, size, who takes part, rate, lag',
  declare(line) {
    line.addHelpText('after', NOTES)
  },
  async run({ out }) {
    const before = new Map(inspectAll({ processes: false }).map((memory) => [memory.name, memory]))
    const start = now()
    await pause(SAMPLE_MS)
    const ms = now() - start
    const summaries = inspectAll().map((memory) => summaryOf(memory, before.get(memory.name), ms))
    if (out.json) for (const summary of summaries) out.object(summary)
    else if (summaries.length === 0) out.line('There is no shared memory.')
    else
      out.table(
        LIST_HEADER,
        summaries.map((summary) => listRow(summary, out)),
      )
  },
}
