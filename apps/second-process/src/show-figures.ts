import { openStream, type StreamEnd } from '@memlane/consumer'
import { EndRequest } from '@memlane/demo-shared/end-request'
import { MachineFigures } from '@memlane/demo-shared/machine-figures'
import type { FiguresOptions } from './command-line.js'
import { createDisplay, DRAW_INTERVAL_MS } from './display.js'
import { streamRows } from './figures.js'
import { MessageRate } from './message-rate.js'

/** Opens the stream, and shows its messages until the first process closes it. If the first process dies, waits for a restart. */
export async function showFigures({ name, waitMs, count = Infinity }: FiguresOptions): Promise<void> {
  using request = new EndRequest({ key: count === Infinity })
  const { signal } = request
  try {
    using reader = await openStream(name, MachineFigures, { timeoutMs: waitMs, signal, endOn: 'closed' })
    await using display = createDisplay(name, 'stream')
    const rate = new MessageRate()
    const progress = () => streamRows({ rate: rate.perSecond(), lag: reader.lag(), missed: reader.missed })
    let end: StreamEnd | undefined
    for (let received = 0; received < count && end !== 'closed'; ) {
      const figures = await reader.receive({ timeoutMs: DRAW_INTERVAL_MS, signal })
      end = figures !== undefined || reader.producers > 0 ? undefined : (reader.end ?? 'died')
      if (figures !== undefined) {
        received++
        rate.count()
      }
      await display.show(figures, end, progress)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
