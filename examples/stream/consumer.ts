// Shows each trade until the producer closes.
import { openStream } from 'memlane'
import { Trade } from './trade.js'

const [, , name = 'example-trades'] = process.argv

using trades = await openStream(name, Trade) // waits until the producer has started
for await (const { symbol, price, size } of trades) console.log(`${symbol} ${price} x ${size}`)
console.log(`the producer has ${trades.end}`)
