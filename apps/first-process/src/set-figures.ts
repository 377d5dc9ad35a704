import { EndRequest } from '@memlane/demo-shared/end-request'
import { MachineFigures } from '@memlane/demo-shared/machine-figures'
import { createLatest } from '@memlane/producer'
import type { FiguresOptions } from './command-line.js'
import { MachineMeter } from './machine-meter.js'
import { atSteadyRate } from './steady-rate.js'

/** Sets the machine's figures at a steady rate: in a new latest, or in one whose writer has died. */
export async function setFigures(options: FiguresOptions): Promise<void> {
  const { name, rate, count } = options
  using writer = createLatest(name, MachineFigures)
  using end = new EndRequest({ key: count === undefined })
  const after = writer.version > 0 ? `, after version ${writer.version}` : ''
  console.log(`Setting this machine's figures in ${name}, ${rate} times a second${after}.`)
  if (count === undefined) console.log('Press any key to end.')

  const meter = new MachineMeter()
  const set = () => {
    writer.set({ sequence: (writer.version + 1) >>> 0, ...meter.read() })
    return true
  }
  const times = await atSteadyRate(options, end, set)
  console.log(`Set the figures ${times} times.`)
}
