// Sends in batches of 64, in place.
import { createStream } from 'memlane'
import { Quote, type WritableQuote } from './quote.js'
import { nameOf, report, sendAll } from './trial.js'

using quotes = createStream(nameOf('quotes'), Quote)
await quotes.consumersReady(1)

let next = 0

function fill(quote: WritableQuote, index: number) {
  const id = next + index
  quote.id = id
  quote.size = 100
  quote.bid = id + 0.25
  quote.ask = id + 0.5
  quote.time = id
}

function send(first: number, count: number) {
  next = first
  while (next < first + count) {
    const sent = quotes.fillBatch(Math.min(64, first + count - next), fill)
    if (sent === 0) quotes.readySync() // waits for room
    next += sent
  }
}

report(await sendAll(send, (id) => quotes.sendSync({ id, size: 100, bid: 0, ask: 0.25, time: 0 })))
await quotes.flush()
