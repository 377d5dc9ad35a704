// Sends bytes: writes all of them into the lane.
import { createStream, payload } from 'memlane'
import { nameOf, report, sendAll, trial } from './trial.js'

const length = trial.payload
using blocks = createStream(nameOf('blocks'), payload.bytes, { capacity: trial.capacity })
await blocks.consumersReady(1)

const bytes = Buffer.alloc(length, 'memlane')

function send(first: number, count: number) {
  for (let id = first; id < first + count; id++) {
    let block = blocks.claim(length)
    while (!block) {
      blocks.readySync({ length }) // waits for room
      block = blocks.claim(length)
    }
    bytes.writeUInt32LE(id)
    block.set(bytes)
    blocks.commit()
  }
}

report(
  await sendAll(send, (id) => {
    bytes.writeUInt32LE(id)
    blocks.sendSync(bytes)
  }),
)
await blocks.flush()
