// Shows the newest quote, three times.
import { setTimeout } from 'node:timers/promises'
import { openRegion } from 'memlane'
import { Quote } from './quote.js'

const [, , name = 'example-quote'] = process.argv

using quote = await openRegion(name, Quote) // waits until the writer has started
for (let count = 0; count < 3; count++) {
  const { symbol, bid, ask } = quote.snapshot() ?? quote.read()
  console.log(`${symbol} ${bid} ${ask} (spread ${ask - bid})`)
  await setTimeout(100)
}
