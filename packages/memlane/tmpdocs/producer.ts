import { createStream } from 'memlane'
import { Trade } from './trade.js'

using trades = createStream('trades', Trade)
await trades.consumersReady(1)

await trades.send({ symbol: 'ACME', price: 10.5, size: 100 })

const trade = trades.claim() // room for one message, written in place
if (trade) {
  trade.symbol = 'ACME' // set every field: the memory still holds an old message
  trade.price = 10.75
  trade.size = 200
  trades.commit() // now consumers see it
}
await trades.flush()
