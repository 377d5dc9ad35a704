// Reads in place.
import { openStream } from 'memlane'
import { Tally } from '../roles/tally.js'
import { Quote, type ReadonlyQuote } from './quote.js'
import { nameOf, report } from './trial.js'

using quotes = await openStream(nameOf('quotes'), Quote, { timeoutMs: 60_000 })

const tally = new Tally(1)

function take(quote: ReadonlyQuote) {
  if (quote.ask - quote.bid !== 0.25) throw new Error(`quote ${quote.id} is wrong`)
  tally.take(0, quote.id)
}

while (!tally.ended) {
  if (quotes.poll(take) === 0) quotes.readySync() // waits for a message
}
report(tally.report)
