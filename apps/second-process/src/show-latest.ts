import { openLatest, type StreamEnd } from '@memlane/consumer'
import { EndRequest } from '@memlane/demo-shared/end-request'
import { MachineFigures } from '@memlane/demo-shared/machine-figures'
import type { FiguresOptions } from './command-line.js'
import { createDisplay, DRAW_INTERVAL_MS } from './display.js'
import { latestRows } from './figures.js'
import { MessageRate } from './message-rate.js'

/** Opens the latest, and shows its newest value until the first process closes it. If the first process dies, waits for a restart. */
export async function showLatest({ name, waitMs, count = Infinity }: FiguresOptions): Promise<void> {
  using request = new EndRequest({ key: count === Infinity })
  const { signal } = request
  try {
    using reader = await openLatest(name, MachineFigures, { timeoutMs: waitMs, signal, endOn: 'closed' })
    await using display = createDisplay(name, 'latest')
    const rate = new MessageRate()
    let skipped = 0
    let last = 0
    const progress = () => latestRows({ rate: rate.perSecond(), age: reader.age, skipped })
    let end: StreamEnd | undefined
    for (let shown = 0; shown < count && end !== 'closed'; ) {
      const isNew = await reader.wait({ since: last, timeoutMs: DRAW_INTERVAL_MS, signal })
      const { value, version } = reader.entry()
      const { writer } = reader
      end = isNew || writer === 'alive' || writer === 'never' ? undefined : writer
      if (isNew) {
        shown++
        rate.count()
        if (last > 0) skipped += version - last - 1
        last = version
      }
      await display.show(isNew ? value : undefined, end, progress)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
