import { EndRequest } from '@memlane/demo-shared/end-request'
import { MachineFigures } from '@memlane/demo-shared/machine-figures'
import { createStream } from '@memlane/producer'
import type { FiguresOptions } from './command-line.js'
import { MachineMeter } from './machine-meter.js'
import { atSteadyRate } from './steady-rate.js'

/** Sends the machine's figures at a steady rate: into the existing stream of that name, or into a new one. */
export async function sendFigures(options: FiguresOptions): Promise<void> {
  const { name, rate, count } = options
  using writer = createStream(name, MachineFigures, { existing: 'join', overflow: 'overwrite' })
  using end = new EndRequest({ key: count === undefined })
  const behind = writer.sent > 0 ? `, behind message ${writer.sent}` : ''
  console.log(`Sending this machine's figures to ${name}, ${rate} a second${behind}.`)
  if (count === undefined) console.log('Press any key to end.')

  const meter = new MachineMeter()
  const send = () => writer.trySend({ sequence: (writer.sent + 1) >>> 0, ...meter.read() })
  const sent = await atSteadyRate(options, end, send)
  console.log(`Sent ${sent} messages.`)
}
