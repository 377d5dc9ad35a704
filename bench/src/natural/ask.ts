// Asks, and waits for the answer by polling without a pause. Writes and reads messages in place.
import { createStream, openStream } from 'memlane'
import { END } from '../roles/content.js'
import { measureRoundTrips } from '../roles/round-trips.js'
import { Quote, type ReadonlyQuote } from './quote.js'
import { nameOf, report, trial } from './trial.js'

using requests = createStream(nameOf('requests'), Quote, { waitStrategy: 'spin' })
using replies = await openStream(nameOf('replies'), Quote, { waitStrategy: 'spin', timeoutMs: 60_000 })
await requests.consumersReady(1)

let answered = -1

function take(reply: ReadonlyQuote) {
  if (reply.ask - reply.bid !== 0.25) throw new Error(`reply ${reply.id} is wrong`)
  answered = reply.id
}

function ask(id: number): undefined {
  const request = requests.claim()
  if (!request) throw new Error('the lane is full')
  request.id = id
  request.size = 100
  request.bid = id + 0.25
  request.ask = id + 0.5
  request.time = id
  requests.commit()
  while (replies.poll(take, 1) === 0); // 1: one reply is expected
  if (answered !== id) throw new Error(`reply ${answered} came to request ${id}`)
}

report(await measureRoundTrips(trial, ask))
ask(END)
