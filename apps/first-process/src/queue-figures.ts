import { EndRequest } from '@memlane/demo-shared/end-request'
import { MachineFigures } from '@memlane/demo-shared/machine-figures'
import { createQueue } from '@memlane/producer'
import type { FiguresOptions } from './command-line.js'
import { MachineMeter } from './machine-meter.js'
import { atSteadyRate } from './steady-rate.js'

/** Sends the machine's figures at a steady rate through a queue: each message goes to one of the second processes. */
export async function queueFigures(options: FiguresOptions): Promise<void> {
  const { name, rate, count } = options
  using writer = createQueue(name, MachineFigures, { existing: 'join' })
  using end = new EndRequest({ key: count === undefined })
  const { signal } = end
  const behind = writer.sent > 0 ? `, behind message ${writer.sent}` : ''
  console.log(`Queueing this machine's figures in ${name}, ${rate} a second${behind}.`)
  if (count === undefined) console.log('Press any key to end.')

  const meter = new MachineMeter()
  const send = () => writer.trySend({ sequence: (writer.sent + 1) >>> 0, ...meter.read() })
  const sent = await atSteadyRate(options, end, send)
  await writer.flush({ signal }).catch((error) => {
    if (!signal.aborted) throw error
  })
  const { ready, taken, delayed } = writer.stats()
  console.log(`Sent ${sent} messages; ${ready + taken + delayed} are not done yet.`)
}
