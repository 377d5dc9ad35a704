// Sends large messages, of which it writes only the first 8 bytes.
import { bytes, createStream, f64, struct } from 'memlane'
import { nameOf, report, sendAll, trial } from './trial.js'

const Block = struct('Block', { id: f64, rest: bytes(trial.payload - 8) })
using blocks = createStream(nameOf('blocks'), Block, { capacity: trial.capacity })
await blocks.consumersReady(1)

function sendOne(id: number) {
  let block = blocks.claim()
  while (!block) {
    blocks.readySync() // waits for room
    block = blocks.claim()
  }
  block.id = id
  blocks.commit()
}

function send(first: number, count: number) {
  for (let id = first; id < first + count; id++) sendOne(id)
}

report(await sendAll(send, sendOne))
await blocks.flush()
