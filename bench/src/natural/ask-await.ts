// Asks with `await send`, and takes the answer with `await receive`. The variant chooses the schema: a struct, or JSON.
import { createStream, openStream, payload } from 'memlane'
import { END } from '../roles/content.js'
import { measureRoundTrips } from '../roles/round-trips.js'
import { Quote } from './quote.js'
import { nameOf, report, trial, waitStrategy } from './trial.js'

const schema = trial.variant.includes('JSON') ? payload.json<Quote>() : Quote
using requests = createStream(nameOf('requests'), schema, { waitStrategy })
using replies = await openStream(nameOf('replies'), schema, { waitStrategy, timeoutMs: 60_000 })
await requests.consumersReady(1)

async function ask(id: number) {
  await requests.send({ id, size: 100, bid: id + 0.25, ask: id + 0.5, time: id })
  const reply = await replies.receive()
  if (reply?.id !== id) throw new Error(`reply ${reply?.id} came to request ${id}`)
}

report(await measureRoundTrips(trial, ask))
await ask(END)
