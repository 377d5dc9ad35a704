import type { QueueWriter, StreamWriter } from '@memlane/producer'
import { oneOf } from '@memlane/testing/random'
import { below } from '../fuzz/mutation.js'
import { events } from '../fuzz/payloads.js'
import { LIMIT, type Life, SYNC_LIMIT, type Ways } from './life.js'
import type { Schema } from './task.js'

/** Ways to send that streams and queues have in common. */
export const sendings = ({ random }: Life): Ways<StreamWriter<typeof Schema> | QueueWriter<typeof Schema>> => [
  (writer) => Number(writer.trySend(oneOf(random, events))),
  (writer) => writer.trySendBatch(Array.from({ length: below(random, 50) }, () => oneOf(random, events))),
  (writer) => writer.send(oneOf(random, events), LIMIT),
  (writer) => writer.sendBatch([...events, ...events], LIMIT),
  (writer) => writer.sendSync(oneOf(random, events), SYNC_LIMIT),
  (writer) => writer.flush(LIMIT),
  (writer) => writer.ready({ length: 16, ...LIMIT }),
  (writer) => writer.readySync({ length: 16, ...SYNC_LIMIT }),
  (writer) => {
    const view = writer.claimMember('quote')
    if (view === undefined) return
    view.seq = 1
    if (random() < 0.7) writer.commit()
    else writer.abort()
  },
  (writer) => void [writer.consumers, writer.sent],
]
