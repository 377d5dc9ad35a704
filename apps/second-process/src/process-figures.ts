import { setTimeout } from 'node:timers/promises'
import { openQueue } from '@memlane/consumer'
import { EndRequest } from '@memlane/demo-shared/end-request'
import { MachineFigures } from '@memlane/demo-shared/machine-figures'
import type { FiguresOptions } from './command-line.js'
import { createDisplay, redrawDuring } from './display.js'
import { queueRows } from './figures.js'
import { MessageRate } from './message-rate.js'

/** Opens the queue, and shows and works on one message after another. Other second processes get the other messages. */
export async function processFigures({ name, waitMs, workMs, count = Infinity }: FiguresOptions): Promise<void> {
  using request = new EndRequest({ key: count === Infinity })
  const done = new AbortController()
  const signal = AbortSignal.any([request.signal, done.signal])
  try {
    using queue = await openQueue(name, MachineFigures, { timeoutMs: waitMs, signal })
    await using display = createDisplay(name, 'queue')
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
    await redrawDuring(processing, () => display.show(undefined, end(), progress))
    if (failure !== undefined) throw failure
  } catch (error) {
    if (error !== signal.reason) throw error
  }
}
