// As answer.ts, but the handler is a new closure each time, and copies every field of the request.
import { createStream, openStream } from 'memlane'
import { END } from '../roles/content.js'
import { Stopwatch } from '../roles/stopwatch.js'
import { Quote } from './quote.js'
import { nameOf, report } from './trial.js'

using replies = createStream(nameOf('replies'), Quote, { waitStrategy: 'spin' })
using requests = await openStream(nameOf('requests'), Quote, { waitStrategy: 'spin', timeoutMs: 60_000 })
await replies.consumersReady(1)

const stopwatch = new Stopwatch()
let count = 0
for (let last = -1; last !== END; ) {
  requests.poll((request) => {
    const reply = replies.claim()
    if (!reply) throw new Error('the lane is full')
    reply.id = request.id
    reply.size = request.size
    reply.bid = request.bid
    reply.ask = request.ask
    reply.time = request.time
    replies.commit()
    last = request.id
    count++
  })
}
report(stopwatch.stop(count - 1))
await replies.flush()
