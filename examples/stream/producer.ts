// Sends five trades, and ends when the consumer has taken them.
import { createStream } from 'memlane'
import { Trade } from './trade.js'

const [, , name = 'example-trades'] = process.argv

using trades = createStream(name, Trade)
await trades.consumersReady(1)
await trades.send({ symbol: 'ACME', price: 10.5, size: 100 }) // waits for room
trades.trySend({ symbol: 'ACME', price: 10.6, size: 200 }) // never waits: false if there is no room

const trade = trades.claim() // writes in place, without a copy
if (trade !== undefined) {
  trade.symbol = 'ACME'
  trade.price = 10.7
  trade.size = 300
  trades.commit()
}

await trades.sendBatch([
  { symbol: 'ACME', price: 10.8, size: 400 },
  { symbol: 'ACME', price: 10.9, size: 500 },
])
await trades.flush()
console.log(`sent ${trades.sent}`)
