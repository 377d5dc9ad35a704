// Sends in batches of 64, in place.
import { createStream } from 'memlane'
import { Quote } from './quote.js'
import { nameOf, report, sendAll } from './trial.js'

using quotes = createStream(nameOf('quotes'), Quote)
await quotes.consumersReady(1)

function send(first: number, count: number) {
  for (let next = first; next < first + count; ) {
    const start = next
    const sent = quotes.fillBatch(Math.min(64, first + count - next), (quote, index) => {
      const id = start + index
      quote.id = id
      quote.size = 100
      quote.bid = id + 0.25
      quote.ask = id + 0.5
      quote.time = id
    })
    if (sent === 0) quotes.readySync() // waits for room
    next += sent
  }
}

report(await sendAll(send, (id) => quotes.sendSync({ id, size: 100, bid: 0, ask: 0.25, time: 0 })))
await quotes.flush()
