// Answers with `await receive` and `await send`.
import { createStream, openStream, payload } from 'memlane'
import { END } from '../roles/content.js'
import { Stopwatch } from '../roles/stopwatch.js'
import { Quote } from './quote.js'
import { nameOf, report, trial, waitStrategy } from './trial.js'

const schema = trial.variant.includes('JSON') ? payload.json<Quote>() : Quote
using replies = createStream(nameOf('replies'), schema, { waitStrategy })
using requests = await openStream(nameOf('requests'), schema, { waitStrategy, timeoutMs: 60_000 })
await replies.consumersReady(1)

const stopwatch = new Stopwatch()
let count = 0
for (;;) {
  const request = await requests.receive()
  if (request === undefined) throw new Error(`the stream has ended: ${requests.end}`)
  await replies.send(request)
  if (request.id === END) break
  count++
}
report(stopwatch.stop(count))
await replies.flush()
