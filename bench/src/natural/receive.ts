// Reads in place.
import { openStream } from 'memlane'
import { Tally } from '../roles/tally.js'
import { Quote } from './quote.js'
import { nameOf, report } from './trial.js'

using quotes = await openStream(nameOf('quotes'), Quote, { timeoutMs: 60_000 })

const tally = new Tally(1)
while (!tally.ended) {
  const count = quotes.poll((quote) => {
    if (quote.ask - quote.bid !== 0.25) throw new Error(`quote ${quote.id} is wrong`)
    tally.take(0, quote.id)
  })
  if (count === 0) quotes.readySync() // waits for a message
}
report(tally.report)
