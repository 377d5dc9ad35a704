// Receives large messages, of which it reads only the first 8 bytes.
import { bytes, f64, openStream, struct } from 'memlane'
import { Tally } from '../roles/tally.js'
import { nameOf, report, trial } from './trial.js'

const Block = struct('Block', { id: f64, rest: bytes(trial.payload - 8) })
using blocks = await openStream(nameOf('blocks'), Block, { timeoutMs: 60_000 })

const tally = new Tally(1)
while (!tally.ended) {
  const count = blocks.poll((block) => tally.take(0, block.id))
  if (count === 0) blocks.readySync() // waits for a message
}
report(tally.report)
