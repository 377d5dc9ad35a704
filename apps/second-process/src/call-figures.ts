import { SharedMemoryError } from '@memlane/core'
import { EndRequest } from '@memlane/demo-shared/end-request'
import { type DiskFigures, Machine } from '@memlane/demo-shared/machine'
import { connect } from '@memlane/producer'
import type { FiguresOptions } from './command-line.js'
import { createDisplay, redrawDuring } from './display.js'
import { callRows, type EndOfFirst } from './figures.js'
import { MessageRate } from './message-rate.js'

const DISK_TIMEOUT_MS = 1000

/** Calls a first process for its figures, and shows them. If that process dies or closes, calls another one, or waits for one. */
export async function callFigures({ name, waitMs, rate, disk: path, count = Infinity }: FiguresOptions): Promise<void> {
  using request = new EndRequest({ key: count === Infinity })
  const { signal } = request
  try {
    using machine = await connect(name, Machine, { timeoutMs: waitMs, signal })
    await using display = createDisplay(name, 'call')
    const arrivals = new MessageRate()
    let disk: DiskFigures | undefined
    let roundTrip = 0
    const progress = () => callRows({ rate: arrivals.perSecond(), servers: machine.servers, disk, roundTrip })
    let last: EndOfFirst = 'gone'
    const end = () => (machine.servers > 0 ? undefined : last)

    const watch = async () => {
      for (let shown = 0; shown < count; ) {
        try {
          for await (const figures of machine.watch(rate, { signal })) {
            arrivals.count()
            const before = performance.now()
            disk = await machine.disk(path, { timeoutMs: DISK_TIMEOUT_MS, signal }).catch(unless('TIMED_OUT'))
            roundTrip = performance.now() - before
            await display.show(figures, undefined, progress)
            if (++shown === count) break
          }
          last = 'gone'
        } catch (error) {
          unless('DIED')(error)
          last = 'died'
          await display.show(undefined, last, progress)
        }
      }
    }
    await redrawDuring(watch(), () => display.show(undefined, end(), progress))
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Throws an error again unless it has this code. */
function unless(code: string): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof SharedMemoryError && error.code === code)) throw error
  }
}
