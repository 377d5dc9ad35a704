// Changes a quote ten times a second.
import { setTimeout } from 'node:timers/promises'
import { createRegion } from 'memlane'
import { Quote } from './quote.js'

const [, , name = 'example-quote'] = process.argv

using quote = createRegion(name, Quote, { value: { symbol: 'ACME', bid: 10.5, ask: 10.75 } })
console.log('writing')
for (;;) {
  quote.update((fields) => {
    fields.bid += 0.25 // readers see both changes or neither
    fields.ask += 0.25
  })
  await setTimeout(100)
}
