// Sends one by one, in place.
import { createStream } from 'memlane'
import { Quote } from './quote.js'
import { nameOf, report, sendAll } from './trial.js'

using quotes = createStream(nameOf('quotes'), Quote)
await quotes.consumersReady(1)

function send(first: number, count: number) {
  for (let id = first; id < first + count; id++) {
    let quote = quotes.claim()
    while (!quote) {
      quotes.readySync() // waits for room
      quote = quotes.claim()
    }
    quote.id = id
    quote.size = 100
    quote.bid = id + 0.25
    quote.ask = id + 0.5
    quote.time = id
    quotes.commit()
  }
}

report(await sendAll(send, (id) => quotes.sendSync({ id, size: 100, bid: 0, ask: 0.25, time: 0 })))
await quotes.flush()
