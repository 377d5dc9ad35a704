import { setTimeout } from 'node:timers/promises'
import { openQueue } from '@memlane/consumer'
import { EndRequest } from '@memlane/demo-shared/end-request'
import { MachineFigures } from '@memlane/demo-shared/machine-figures'
import type { FiguresOptions } from './command-line.js'
import { queueRows } from './figures.js'
import { LiveTable } from './live-table.js'
import { MessageLines } from './message-lines.js'
import { MessageRate } from './message-rate.js'

/** While no message comes: the interval between drawings of the table and checks of the first process. */
const DRAW_INTERVAL_MS = 200

/** Opens the queue, and shows and works on one message after another. Other second processes get the other messages. */
export async function processFigures({ name, waitMs, workMs, count = Infinity }: FiguresOptions): Promise<void> {
  using request = new EndRequest({ key: count === Infinity })
  const done = new AbortController()
  const signal = AbortSignal.any([request.signal, done.signal])
  try {
    using queue = await openQueue(name, MachineFigures, { timeoutMs: waitMs, signal })
    await using table = process.stdout.isTTY ? new LiveTable(name) : undefined
    const display = table ?? new MessageLines('queue')
    const rate = new MessageRate()
    let handled = 0
    let delivery = 0
    const progress = () => queueRows({ rate: rate.perSecond(), delivery, ready: queue.stats().ready })
    const end = () => (queue.producers > 0 ? undefined : 'gone')
    let failure: unknown
    queue.on('failed', (error) => {
      failure ??= error // the message was not shown: it goes to another process
      done.abort()
    })

    const processing = queue.process(
      async ({ value, deliveryCount }) => {
        rate.count()
        delivery = deliveryCount
        await display.show(value, end(), progress)
        await setTimeout(workMs) // the work
        if (++handled === count) done.abort()
      },
      { signal },
    )
    const redraw = async () => {
      while (!signal.aborted) {
        await display.show(undefined, end(), progress)
        await setTimeout(DRAW_INTERVAL_MS, undefined, { signal }).catch(() => {})
      }
    }
    await Promise.all([processing.finally(() => done.abort()), redraw()])
    if (failure !== undefined) throw failure
  } catch (error) {
    if (error !== signal.reason) throw error
  }
}
