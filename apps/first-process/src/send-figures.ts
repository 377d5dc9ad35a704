import { EndRequest } from '@memlane/demo-shared/end-request'
import { MachineFigures } from '@memlane/demo-shared/machine-figures'
import { createStream } from '@memlane/producer'
import type { StreamOptions } from './command-line.js'
import { MachineMeter } from './machine-meter.js'

/**
 * Timers fire some milliseconds late, so late messages are sent at once, together. A process that was stopped for longer than this
 * limit sends only the messages of the last 100 ms.
 */
const MOST_BEHIND_MS = 100

/** Sends the machine's figures at a steady rate: into the existing stream of that name, or into a new one. */
export async function sendFigures({ name, rate, count = Infinity }: StreamOptions): Promise<void> {
  using writer = createStream(name, MachineFigures, { existing: 'join', overflow: 'overwrite' })
  using end = new EndRequest({ key: count === Infinity })
  const behind = writer.sent > 0 ? `, behind message ${writer.sent}` : ''
  console.log(`Sending this machine's figures to ${name}, ${rate} a second${behind}.`)
  if (count === Infinity) console.log('Press any key to end.')

  const meter = new MachineMeter()
  const intervalMs = 1000 / rate
  let sent = 0
  let due = performance.now() + intervalMs
  while (sent < count && !(await end.within(Math.max(0, due - performance.now())))) {
    const now = performance.now()
    due = Math.max(due, now - MOST_BEHIND_MS)
    for (; sent < count && due <= now; due += intervalMs) {
      if (writer.trySend({ sequence: (writer.sent + 1) >>> 0, ...meter.read() })) sent++
    }
  }
  console.log(`Sent ${sent} messages.`)
}
