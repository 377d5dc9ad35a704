// Receives plain objects: with `tryReceive`, or with `for await` if the variant says so.
import { openStream } from 'memlane'
import { Tally } from '../roles/tally.js'
import { Quote } from './quote.js'
import { nameOf, report, trial } from './trial.js'

using quotes = await openStream(nameOf('quotes'), Quote, { timeoutMs: 60_000 })

const tally = new Tally(1)

function take(quote: Quote) {
  if (quote.ask - quote.bid !== 0.25) throw new Error(`quote ${quote.id} is wrong`)
  tally.take(0, quote.id)
}

if (trial.variant.includes('for await')) {
  for await (const quote of quotes) {
    take(quote)
    if (tally.ended) break
  }
}
while (!tally.ended) {
  const quote = quotes.tryReceive()
  if (quote) take(quote)
  else quotes.readySync() // waits for a message
}
report(tally.report)
