// As ask.ts, but everything stands in one loop of the module, as in a first try: the handler is a new closure each time.
import { createStream, openStream } from 'memlane'
import { END } from '../roles/content.js'
import { measureRoundTrips } from '../roles/round-trips.js'
import { Quote } from './quote.js'
import { nameOf, report, trial } from './trial.js'

using requests = createStream(nameOf('requests'), Quote, { waitStrategy: 'spin' })
using replies = await openStream(nameOf('replies'), Quote, { waitStrategy: 'spin', timeoutMs: 60_000 })
await requests.consumersReady(1)

const ask = (id: number): undefined => {
  const request = requests.claim()
  if (!request) throw new Error('the lane is full')
  request.id = id
  request.size = 100
  request.bid = id + 0.25
  request.ask = id + 0.5
  request.time = id
  requests.commit()
  let answered = -1
  let spread = 0
  while (answered === -1) {
    replies.poll((reply) => {
      answered = reply.id
      spread = reply.ask - reply.bid
    })
  }
  if (answered !== id || spread !== 0.25) throw new Error(`reply ${answered}, ${spread} came to request ${id}`)
}

report(await measureRoundTrips(trial, ask))
ask(END)
