import { openStream } from 'memlane'
import { Trade } from './trade.js'

using trades = await openStream('trades', Trade)
for await (const trade of trades) console.log(trade.symbol, trade.price, trade.size)
console.log(trades.end)
