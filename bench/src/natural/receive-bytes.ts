// Receives bytes: copies all of them out of the lane.
import { openStream, payload, type ReadonlyBytesView } from 'memlane'
import { Tally } from '../roles/tally.js'
import { nameOf, report, trial } from './trial.js'

using blocks = await openStream(nameOf('blocks'), payload.bytes, { timeoutMs: 60_000 })

const tally = new Tally(1)
const bytes = Buffer.alloc(trial.payload)

function take(block: ReadonlyBytesView) {
  block.copyTo(bytes)
  tally.take(0, bytes.readUInt32LE())
}

while (!tally.ended) {
  if (blocks.poll(take) === 0) blocks.readySync() // waits for a message
}
report(tally.report)
