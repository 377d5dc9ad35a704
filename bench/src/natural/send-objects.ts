// Sends plain objects.
import { createStream } from 'memlane'
import { Quote } from './quote.js'
import { nameOf, report, sendAll } from './trial.js'

using quotes = createStream(nameOf('quotes'), Quote)
await quotes.consumersReady(1)

function send(first: number, count: number) {
  for (let id = first; id < first + count; id++) {
    const quote = { id, size: 100, bid: id + 0.25, ask: id + 0.5, time: id }
    while (!quotes.trySend(quote)) quotes.readySync() // waits for room
  }
}

report(await sendAll(send, (id) => quotes.sendSync({ id, size: 100, bid: 0, ask: 0.25, time: 0 })))
await quotes.flush()
