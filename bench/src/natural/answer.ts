// Answers each request where it finds it: inside the handler of `poll`.
import { createStream, openStream } from 'memlane'
import { END } from '../roles/content.js'
import { Stopwatch } from '../roles/stopwatch.js'
import { Quote, type ReadonlyQuote } from './quote.js'
import { nameOf, report } from './trial.js'

using replies = createStream(nameOf('replies'), Quote, { waitStrategy: 'spin' })
using requests = await openStream(nameOf('requests'), Quote, { waitStrategy: 'spin', timeoutMs: 60_000 })
await replies.consumersReady(1)

let last = -1

function answer(request: ReadonlyQuote) {
  const reply = replies.claim()
  if (!reply) throw new Error('the lane is full')
  const { id } = request
  reply.id = id
  reply.size = request.size
  reply.bid = id + 0.25
  reply.ask = id + 0.5
  reply.time = id
  replies.commit()
  last = id
}

const stopwatch = new Stopwatch()
let count = 0
while (last !== END) count += requests.poll(answer)
report(stopwatch.stop(count - 1))
await replies.flush()
